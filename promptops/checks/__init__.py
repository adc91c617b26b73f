"""Judge prompts: rules, engine, results, reports."""
