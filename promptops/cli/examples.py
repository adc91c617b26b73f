"""Two examples for each verb, as its help page shows them."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "demo": ("promptops demo", "promptops demo --help"),
    "init": ("promptops init", "promptops init --deploy --dry-run"),
    "new": (
        "promptops new support/triage",
        "promptops new support/reply --from support/triage",
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
    "validate": ("promptops validate", "promptops validate --staged --fix"),
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
        "promptops changelog support/triage --format json",
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
        'promptops readiness --attest failover --evidence "unplugged the first provider"',
    ),
    "drill": ("promptops drill rollback", "promptops drill restore --no-record"),
    "site": (
        "promptops site -o public",
        "promptops site -o public --title 'Prompts of the support team'",
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
    "metrics": ("promptops metrics", "promptops metrics --help"),
    "guards": ("promptops guards show", "promptops guards reset --help"),
    "alerts": ("promptops alerts test", "promptops alerts test --help"),
    "reviews": ("promptops reviews list", "promptops reviews show --help"),
    "eval": ("promptops eval run support/triage", "promptops eval plan support/triage"),
    "runs list": ("promptops runs list", "promptops runs list --format json"),
    "runs tail": ("promptops runs tail", "promptops runs tail --help"),
    "eval run": ("promptops eval run support/triage", "promptops eval run"),
}
