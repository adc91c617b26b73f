// A promptops runtime in TypeScript: returns the files that are live, or throws.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";

type Live = { version: string; digest: string; commit: string; share: number };
type Entry = { live: Live[]; paused: { reason: string } | null };

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");

/** Resolve `name` in the environment branch `ref`, such as refs/remotes/origin/promptops/production. */
export function resolve(repository: string, ref: string, name: string): { live: Live; files: Map<string, Buffer> } {
  const git = (...words: string[]): Buffer => execFileSync("git", ["-C", repository, ...words]);
  const lock: { schema: string; prompts: Record<string, Entry> } = JSON.parse(git("show", `${ref}:promptops.lock`).toString());
  if (lock.schema !== "promptops.lock/v1") throw new Error(`unknown lock ${lock.schema}`);
  const entry = Object.hasOwn(lock.prompts, name) ? lock.prompts[name] : undefined;
  if (!entry) throw new Error(`${name} is not live`);
  if (entry.paused) throw new Error(`${name} is paused: ${entry.paused.reason}`);
  const live = entry.live[0];
  const folder = `releases/${name}@${live.version}/`;
  const paths = git("ls-tree", "-r", "-z", "--name-only", ref, folder).toString().split("\0").filter(Boolean);
  const files = new Map(paths.map((path) => [path.slice(folder.length), git("show", `${ref}:${path}`)]));
  const sorted = [...files.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const lines = sorted.map((path) => `${sha256(files.get(path)!)}  ${path}\n`);
  const digest = `sha256:${sha256("promptops-digest-v1\n" + lines.join(""))}`;
  if (digest !== live.digest) throw new Error(`${name} was altered: ${digest}`);
  return { live, files };
}

if (process.argv.length === 5) {
  const [repository, ref, name] = process.argv.slice(2);
  const { files } = resolve(repository, ref, name);
  process.stdout.write(files.get(`${name}.md`)!);
}
