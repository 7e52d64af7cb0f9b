/** Every kubectl and helm line of the documents, against the chart as helm renders it and the command as it is. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { parse as parseYaml } from "yaml";
import { mustRun } from "../support/run.js";
import { OPENCLAW } from "../support/processes.js";
import { blocksOf, commandsOf, inlineCommandsOf, type Command } from "../support/runbook.js";
import { Helm, NAMESPACE, RELEASE, WITH_SNAPSHOTS, type Manifest, type Values } from "./helm.js";
import { containersOf, podOf } from "./pods.js";

const DOCS = fileURLToPath(new URL("../../../docs/", import.meta.url));
const documents = readdirSync(DOCS)
  .filter((name) => name.endsWith(".md") && /\bkubectl |\bhelm /.test(readFileSync(join(DOCS, name), "utf8")))
  .map((name) => join(DOCS, name));

/** Short and singular names of kinds, as kubectl takes them. */
const KINDS: Readonly<Record<string, string>> = {
  statefulset: "StatefulSet",
  cronjob: "CronJob",
  job: "Job",
  pod: "Pod",
  pods: "Pod",
  service: "Service",
  secret: "Secret",
  configmap: "ConfigMap",
  pvc: "PersistentVolumeClaim",
};

/** Kinds that are the cluster's own, or another's: their names are not the chart's. */
const FOREIGN = new Set([
  "namespace",
  "pv",
  "storageclass",
  "volumesnapshots",
  "volumesnapshot",
  "volumesnapshotcontent",
]);

/** Flags of kubectl in the documents that a value follows. */
const WITH_VALUE = new Set(["-n", "-c", "-o", "-l", "-p"]);

/** What a `kubectl` line says: the verb, words that are no flags, flags, and the command behind `--`. */
function taken({ words }: Command) {
  const end = words.indexOf("--");
  const own = words.slice(1, end < 0 ? undefined : end);
  const flags = new Map<string, string>();
  const operands: string[] = [];
  for (let at = 0; at < own.length; at++) {
    const word = own[at] ?? "";
    const [name = "", value] = word.split(/=(.*)/s);
    if (WITH_VALUE.has(word)) flags.set(word, own[++at] ?? "");
    else if (word.startsWith("-")) flags.set(name, value ?? "");
    else operands.push(word);
  }
  return {
    verb: operands[0] ?? "",
    operands: operands.slice(1),
    flags,
    inside: end < 0 ? [] : words.slice(end + 1),
  };
}

/** Names of everything that a release makes and that its controllers make of it. */
function namesOf(manifests: readonly Manifest[]): Set<string> {
  const names = new Set(manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  for (const { kind, metadata, ...rest } of manifests) {
    if (kind !== "StatefulSet") continue;
    names.add(`Pod/${metadata.name}-0`);
    const { volumeClaimTemplates } = rest["spec"] as { volumeClaimTemplates: Manifest[] };
    for (const claim of volumeClaimTemplates) {
      names.add(`PersistentVolumeClaim/${claim.metadata.name}-${metadata.name}-0`);
    }
  }
  return names;
}

const helm = await Helm.forTests(t);
if (helm !== undefined) {
  // The documents' own values, by the names of the files that they say they are.
  const valuesFiles = new Map<string, Values>();
  for (const file of documents) {
    for (const block of blocksOf(file, "yaml")) {
      const name = /^# (\S+\.yaml)\n/.exec(block)?.[1];
      if (name !== undefined) valuesFiles.set(name, parseYaml(block) as Values);
    }
  }
  const everything: Values = {
    ...valuesFiles.get("openclaw.yaml"),
    persistence: { splitVolumes: true },
    volumeSnapshots: { enabled: true },
    config: { desired: { gateway: {} } },
    restore: { from: "s3://company-backups/gateways/openclaw/2026-03-07T02-00-00Z/" },
    networkPolicy: { egress: { allowAll: false } },
  };
  const manifests = await helm.render({ values: everything, flags: WITH_SNAPSHOTS });
  const own = await helm.render({ values: { ...everything, secret: {}, backup: {} }, flags: WITH_SNAPSHOTS });
  const known = namesOf([...manifests, ...own]);
  const containers = new Set(
    manifests.flatMap((manifest) => {
      const pod = podOf(manifest);
      return pod === undefined ? [] : containersOf(pod).map(({ name }) => name);
    }),
  );
  const commands = documents.flatMap((file) => [
    ...commandsOf(file),
    // Elsewhere such words may stand for a program as such.
    ...(basename(file).startsWith("kubernetes") ? inlineCommandsOf(file, ["kubectl", "helm", "node"]) : []),
  ]);
  const of = (program: string): Command[] => commands.filter(({ words }) => words[0] === program);
  /** Made by the documents themselves: `create job … NAME`, `create secret generic NAME`. */
  const made = new Set(
    of("kubectl").flatMap((command) => {
      const { verb, operands } = taken(command);
      const [kind = ""] = operands;
      return verb === "create" ? [`${KINDS[kind] ?? kind}/${operands.at(-1) ?? ""}`] : [];
    }),
  );

  t.test("the documents have lines to check", (t) => {
    t.match(documents.map((file) => basename(file)).join(), /kubernetes-restore\.md.*kubernetes\.md/);
    t.ok(of("kubectl").length > 30);
    t.ok(of("helm").length > 10);
    t.end();
  });

  t.test("each kubectl line names what the chart makes", (t) => {
    const demand = (name: string, line: string): void => {
      t.ok(known.has(name) || made.has(name), `${name}: ${line}`);
    };
    for (const command of of("kubectl")) {
      const { verb, operands, flags } = taken(command);
      const { line } = command;
      const cluster = operands.every((word) => FOREIGN.has(word.split("/")[0] ?? "")) || operands[0] === "pv";
      if (verb !== "create" || operands[0] !== "namespace") {
        t.equal(flags.get("-n") ?? NAMESPACE, NAMESPACE, line);
        if (!cluster) t.ok(flags.has("-n") || line.includes("edit"), `a namespace: ${line}`);
      }
      const from = flags.get("--from");
      if (from?.startsWith("cronjob/") === true) demand(`CronJob/${from.slice("cronjob/".length)}`, line);
      const container = flags.get("-c");
      if (container !== undefined) t.ok(containers.has(container), `container ${container}: ${line}`);
      const selector = flags.get("-l") ?? "";
      for (const term of selector === "" ? [] : selector.split(",")) {
        t.ok(term.startsWith("openclaw/claim=") || term === `app.kubernetes.io/instance=${RELEASE}`, line);
      }
      if (verb === "create") continue;
      for (const [at, word] of operands.entries()) {
        const [kind = "", name] = word.split("/");
        if (name !== undefined && KINDS[kind] !== undefined) demand(`${KINDS[kind]}/${name}`, line);
        // `get secret NAME`, `logs NAME`
        const before = operands[at - 1];
        if (before !== undefined && KINDS[before] !== undefined) demand(`${KINDS[before]}/${word}`, line);
        if (verb === "logs" && at === 0 && name === undefined) demand(`Pod/${word}`, line);
      }
    }
    t.end();
  });

  t.test("kubectl itself takes each line", async (t) => {
    for (const { words, line } of of("kubectl")) {
      const args = words.slice(1).filter((word) => word !== "-it" && word !== "-i" && word !== "-f");
      const { stderr } = await helm.kubectl([
        ...args,
        ...(args.includes("--") ? [] : ["--request-timeout=1s"]),
      ]);
      t.notMatch(
        stderr,
        /unknown (command|flag|shorthand)|invalid|required|error: .*must/i,
        `${line}\n${stderr}`,
      );
    }
  });

  t.test("commands in the gateway's container are commands, and paths are paths there", async (t) => {
    const inside = of("kubectl")
      .map((command) => ({ ...taken(command), line: command.line }))
      .filter(({ verb }) => verb === "exec");
    const calls = [
      ...inside.map(({ inside: words, line }) => ({ words, line })),
      ...of("node").map(({ words, line }) => ({ words, line })),
    ];
    for (const { words, line } of calls) {
      t.match(words[0], /^(node|sh|tar|rm|sha256sum|chmod)$/, line);
      for (const word of words.filter((word) => word.startsWith("/home"))) {
        t.match(word, /^\/home\/node\/\.openclaw(\/|$)/, line);
      }
      if (words[0] !== "node") continue;
      t.equal(words[1], "dist/index.js", line);
      const args = words.slice(2);
      const operands = args.filter((word) => /^[a-z-]+$/.test(word) && !word.startsWith("-"));
      const help = await mustRun(process.execPath, [OPENCLAW, ...operands.slice(0, 2), "--help"]);
      t.match(help, `Usage: openclaw ${operands.join(" ")}`, line);
      for (const flag of args.filter((word) => word.startsWith("--"))) {
        t.match(help, new RegExp(`${flag}\\b`), `${flag}: ${line}`);
      }
    }
  });

  t.test("helm takes each line: the chart, the values, the flags", async (t) => {
    for (const { words, line } of of("helm")) {
      const [, verb = "", ...rest] = words;
      t.ok(rest.includes(RELEASE) || verb === "template", `the release: ${line}`);
      const renders =
        ["install", "upgrade", "template"].includes(verb) && rest.some((word) => word.includes("/"));
      if (!renders) {
        // It would need a cluster; the flags are looked at before.
        const { stderr } = await helm.run(words.slice(1));
        t.match(
          stderr,
          /unreachable|connection refused|--no-hooks|configuration has been provided/i,
          `${line}\n${stderr}`,
        );
        continue;
      }
      const args = rest
        .filter((word) => word !== "--install" && word !== "--reuse-values")
        .map((word) => {
          const values = valuesFiles.get(word);
          return values === undefined ? word : helm.valuesFile(values);
        });
      if (rest.includes("--reuse-values"))
        args.push("-f", helm.valuesFile(valuesFiles.get("openclaw.yaml") ?? {}));
      const { code, stderr } = await helm.run(["template", ...args, ...WITH_SNAPSHOTS]);
      t.equal(code, 0, `${line}\n${stderr}`);
    }
  });

  t.test("the table of names is the chart's", (t) => {
    const text = readFileSync(join(DOCS, "kubernetes.md"), "utf8");
    const table = /\| what +\| its name[^]*?\n\n/.exec(text)?.[0] ?? "";
    const listed = new Set([...table.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
    for (const { metadata } of [...manifests, ...own]) {
      if (metadata.annotations?.["helm.sh/hook"] === "test") continue;
      t.ok(listed.has(metadata.name), `${metadata.name} is listed`);
    }
    t.end();
  });
}
