"""Two examples for each verb, as its help page shows them."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "demo": ("promptops demo", "promptops demo --in try-it"),
    "init": ("promptops init", "promptops init --deploy --dry-run"),
    "new": (
        "promptops new support/triage",
        "promptops new support/reply --from support/triage",
        "promptops new support/reply --spec reply.txt --model openai/gpt-4o --dry-run",
    ),
    "adopt": ("promptops adopt app/prompts", "promptops adopt --scan src --check"),
    "hook": ("promptops hook install", "promptops hook install --server"),
    "doctor": ("promptops doctor", "promptops doctor --forge off"),
    "status": ("promptops status", "promptops status --format json"),
    "completion": (
        "promptops completion bash >> ~/.bashrc",
        "promptops completion fish > ~/.config/fish/completions/promptops.fish",
    ),
    "help": ("promptops help rollback", "promptops help runs list"),
    "version": ("promptops version", "promptops --version"),
    "list": ("promptops list --tag support", "promptops list --live"),
    "show": ("promptops show support/triage", "promptops show support/triage@production"),
    "validate": ("promptops validate", "promptops validate --fix"),
    "checks": ("promptops checks", "promptops checks joined-lines"),
    "render": (
        "promptops render support/triage --var ticket=hello",
        "promptops render support/triage@production --var ticket=@ticket.txt",
    ),
    "diff": ("promptops diff support/triage", "promptops diff support/triage@1.0.0..production"),
    "bump": ("promptops bump support/triage", "promptops bump --all --dry-run"),
    "blame": ("promptops blame support/triage", "promptops blame support/triage --format json"),
    "schema": ("promptops schema", "promptops schema config"),
    "owners": ("promptops owners", "promptops owners lint"),
    "gate": ("promptops gate", "promptops gate --base main --head HEAD --local"),
    "approve": (
        "promptops approve",
        "promptops approve support/triage@1.1.0 --env production",
    ),
    "release": (
        'promptops release support/triage --notes "One-word answers."',
        "promptops release --all --push",
    ),
    "yank": (
        'promptops yank support/triage@1.1.0 --reason "wrong refunds"',
        'promptops yank support/triage@1.1.0 --reason "wrong refunds" --dry-run',
    ),
    "changelog": (
        "promptops changelog support/triage",
        "promptops changelog --all --format json",
    ),
    "promote": (
        "promptops promote support/triage --to production",
        "promptops promote --from staging --to production --all",
    ),
    "rollback": (
        "promptops rollback support/triage",
        "promptops rollback --env production --to-deployment 41",
    ),
    "retire": (
        'promptops retire support/triage --env staging --reason "replaced"',
        'promptops retire support/triage --reason "replaced" --dry-run',
    ),
    "pause": (
        'promptops pause support/triage --reason "wrong refunds"',
        'promptops pause --all --env production --reason "bad answers"',
    ),
    "resume": ("promptops resume support/triage", "promptops resume --all --env production"),
    "history": (
        "promptops history --since 1h --patch",
        'promptops history support/triage --env production --at "1 hour ago"',
    ),
    "incident": (
        "promptops incident --since 2h",
        "promptops incident --env staging --since 1d",
    ),
    "run": (
        "promptops run support/triage --var ticket=hello --dry-run",
        "promptops run support/triage@staging --var ticket=@ticket.txt",
    ),
    "serve": (
        "promptops serve --host 0.0.0.0 --port 8080",
        "promptops serve --source https://git.example.com/team/prompts --drain 10",
    ),
    "serve keys": (
        "promptops serve keys add billing --prompt 'billing/*' --env production",
        "promptops serve keys revoke billing",
    ),
    "mcp": (
        "promptops mcp --env staging",
        "promptops mcp --http --port 8090 --allow-run",
    ),
    "readiness": (
        "promptops readiness --level product",
        'promptops readiness --attest failover --evidence "switched a provider off"',
    ),
    "drill": ("promptops drill rollback", "promptops drill restore --no-record"),
    "site": (
        "promptops site -o public --evals results --log runs.db",
        "promptops site --serve --watch --allow-run",
    ),
    "stubs": (
        "promptops stubs --lang python -o app/prompts.py",
        "promptops stubs --lang typescript --env staging support/triage",
    ),
    "resolve": ("promptops resolve support/triage", "promptops resolve support/triage@^1.0"),
    "export": (
        "promptops export --env production -o prompts.json",
        "promptops export support/triage@^1.0 --output prompts.json",
        "promptops export support/triage@working --format dotprompt",
    ),
    "verify": ("promptops verify", "promptops verify --format json"),
    "trace": ("promptops trace support/triage@1.0.0", "promptops trace --output answer.txt"),
    "runs": ("promptops runs list", "promptops runs stats"),
    "metrics": ("promptops metrics", "promptops metrics -o metrics.prom --every 30s"),
    "guards": ("promptops guards show", 'promptops guards reset --user u-42 --reason "a test"'),
    "guards show": ("promptops guards show", "promptops guards show --format json"),
    "guards reset": (
        'promptops guards reset --user u-42 --reason "a test"',
        'promptops guards reset --reason "new month" --dry-run',
    ),
    "alerts": ("promptops alerts test", "promptops alerts test --channel slack"),
    "alerts test": ("promptops alerts test", "promptops alerts test --channel slack"),
    "reviews": ("promptops reviews list", "promptops reviews answer 01a22760 --accept"),
    "reviews list": ("promptops reviews list", "promptops reviews list --answered"),
    "reviews show": (
        "promptops reviews show 01a22760",
        "promptops reviews show 01a22760 --format json",
    ),
    "reviews answer": (
        "promptops reviews answer 01a22760 --accept",
        'promptops reviews answer 01a22760 --answer "Billing, urgent." --note urgent',
    ),
    "reviews export": (
        "promptops reviews export support/triage -o samples.yaml",
        "promptops reviews export --format json",
    ),
    "eval": ("promptops eval run support/triage", "promptops eval plan support/triage"),
    "serve keys add": (
        "promptops serve keys add billing",
        "promptops serve keys add billing --prompt 'billing/*' --env production",
    ),
    "serve keys list": ("promptops serve keys list", "promptops serve keys list --help"),
    "serve keys revoke": (
        "promptops serve keys revoke billing",
        "promptops serve keys revoke billing --help",
    ),
    "runs list": ("promptops runs list", "promptops runs list --format json"),
    "runs tail": ("promptops runs tail --follow", "promptops runs tail -n 20 --status failed"),
    "runs show": ("promptops runs show 01a22760", "promptops runs show 01a22760 --format json"),
    "runs stats": (
        "promptops runs stats support/triage --by version",
        "promptops runs stats --since 7d --format csv",
    ),
    "runs export": (
        "promptops runs export support/triage -o runs.csv --format csv",
        "promptops runs export --since 1d --content -o runs.json",
    ),
    "runs replay": (
        "promptops runs replay support/triage@production --at working --last 20",
        "promptops runs replay 01a22760 --model openai/gpt-4o",
    ),
    "runs reply": (
        "promptops runs reply 01a22760 --result call_1=@order.json",
        "promptops runs reply 01a22760 --results results.json --stream",
    ),
    "runs prune": (
        'promptops runs prune --before 90d --reason "retention" --dry-run',
        'promptops runs prune --before 2026-01-01 --reason "retention"',
    ),
    "runs erase": (
        'promptops runs erase --user u-42 --reason "asked for it" --dry-run',
        "promptops runs erase --user u-42 --reason request --receipt receipt.json",
    ),
    "runs rotate": ("promptops runs rotate", "promptops runs stats --since 30d"),
    "eval plan": ("promptops eval plan support/triage", "promptops eval plan --detect 0.05"),
    "conversations": ("promptops conversations list", "promptops conversations show c-42"),
    "conversations list": (
        "promptops conversations list --user u-42",
        "promptops conversations list --format json",
    ),
    "conversations show": (
        "promptops conversations show c-42",
        "promptops conversations show c-42 --no-content",
    ),
    "conversations export": (
        "promptops conversations export --user u-42 -o u-42.jsonl",
        "promptops conversations export c-42 c-43",
    ),
    "conversations expire": (
        "promptops conversations expire",
        "promptops conversations expire --store redis://cache.example.com/0",
    ),
    "conversations erase": (
        "promptops conversations erase c-42 --yes",
        "promptops conversations erase c-42 c-43 --dry-run",
    ),
    "conversations rotate": (
        "promptops conversations rotate",
        "promptops conversations rotate --store old.db",
    ),
    "eval generate": (
        "promptops eval generate support/triage",
        "promptops eval generate support/triage --max 200 -o drafts.yaml",
        "promptops eval generate support/triage --model openai/gpt-4o --max-cost 0.50",
    ),
    "eval from-runs": (
        "promptops eval from-runs support/triage --since 7d",
        "promptops eval from-runs support/triage --status failed --max 20",
    ),
    "eval nightly": (
        "promptops eval nightly",
        "promptops eval nightly support/triage --env production --alert --max-cost 2",
    ),
    "eval trends": (
        "promptops eval trends",
        "promptops eval trends support/triage --env production --nights 14",
    ),
    "eval noise": (
        "promptops eval noise support/triage",
        "promptops eval noise support/triage --models openai/gpt-4o-mini --max-cost 1",
    ),
    "eval bisect": (
        "promptops eval bisect support/triage --good 1.0.0 --bad 1.4.0",
        "promptops eval bisect support/triage --good 1.0.0 --bad 1.4.0 --sample outage",
    ),
    "eval calibrate": (
        "promptops eval calibrate judge/rubric",
        "promptops eval calibrate judge/rubric --write",
    ),
    "eval merge": (
        "promptops eval merge shard-*.json",
        "promptops eval merge shard-*.json --evidence evals.json",
    ),
    "eval run": ("promptops eval run support/triage", "promptops eval run"),
}
