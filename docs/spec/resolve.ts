// A promptops runtime in TypeScript: returns the files that are live, or throws.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";

type Live = { version: string; digest: string; commit: string; share: number };
type Entry = { live: Live[]; paused: { reason: string } | null };
type Lock = { schema: string; prompts: Record<string, Entry> };

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");

/** Resolve `name` in the environment branch `ref`, such as refs/remotes/origin/promptops/production. */
export function resolve(repository: string, ref: string, name: string): { live: Live; files: Map<string, Buffer> } {
  const git = (...words: string[]): Buffer =>
    execFileSync("git", ["-C", repository, ...words], { maxBuffer: 2 ** 30 });
  // The branch may move meanwhile: everything is read from one commit.
  const at = git("rev-parse", "--verify", "--end-of-options", `${ref}^{commit}`).toString().trim();
  const lock: Lock = JSON.parse(git("cat-file", "blob", `${at}:promptops.lock`).toString());
  if (lock.schema !== "promptops.lock/v1") throw new Error(`${name} has an unknown lock: ${lock.schema}`);
  const entry = Object.hasOwn(lock.prompts, name) ? lock.prompts[name] : undefined;
  const live = entry?.live[0];
  if (!entry || !live) throw new Error(`${name} is not live`);
  if (entry.paused) throw new Error(`${name} is paused: ${entry.paused.reason}`);
  const folder = `releases/${name}@${live.version}/`;
  const paths = git("ls-tree", "-r", "-z", "--name-only", at, folder).toString().split("\0").filter(Boolean);
  const files = new Map(paths.map((path) => [path.slice(folder.length), git("cat-file", "blob", `${at}:${path}`)]));
  const sorted = [...files].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const lines = sorted.map(([path, data]) => `${sha256(data)}  ${path}\n`);
  const digest = `sha256:${sha256("promptops-digest-v1\n" + lines.join(""))}`;
  if (digest !== live.digest) throw new Error(`${name} was altered: ${digest}`);
  return { live, files };
}

if (process.argv.length === 5) {
  const [repository, ref, name] = process.argv.slice(2) as [string, string, string];
  const file = resolve(repository, ref, name).files.get(`${name}.md`);
  if (!file) throw new Error(`${name} has no file of its own`);
  process.stdout.write(file);
}
