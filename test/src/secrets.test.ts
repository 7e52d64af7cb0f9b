/**
 * No secret is where it should not be. Every place that takes one is given a secret of its own; gateways and their command
 * line go through success and failure of every sort; then all that they wrote, said or showed is searched for them.
 */
import {
  AwsServices,
  httpReceiver,
  keyPair,
  s3ForTests,
  smtpReceiver,
} from "@openclaw/gateway-plugin-backup/testing";
import Database from "better-sqlite3";
import { createPrivateKey, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import { temporaryDirectory } from "./support/bed.js";
import { Cli } from "./support/cli.js";
import { GatewayProcess } from "./support/gateway-process.js";
import { cleanEnvironment, OPENCLAW } from "./support/processes.js";
import { run, type RunResult } from "./support/run.js";
import { Marks, type Evidence } from "./support/secrets/marks.js";
import { bodyPlaces, configPlaces, environmentPlaces, flagPlaces } from "./support/secrets/places.js";
import { files, lines, ProcessWatch, rows, text } from "./support/secrets/search.js";

const HOUR_MS = 3_600_000;
/** Nothing listens there. */
const NOWHERE = "http://127.0.0.1:9";
const CRASHING_THREAD = new URL("./fixtures/crashing-thread.js", import.meta.url).href;
const DESTINATION = "config plugins.backup.destinations.*";
const NOTIFY = "config plugins.backup.notify";

const marks = new Marks();
const evidence: Evidence[] = [];

/** Directories of one gateway, and what it is given. */
class Given {
  readonly directory: string;
  readonly env: Record<string, string> = {};
  #count = 0;

  constructor(t: Test) {
    this.directory = temporaryDirectory(t);
    for (const name of ["state", "state-home/.aws", "tmp", "secrets", "archives"])
      mkdirSync(this.path(name), { recursive: true, mode: 0o700 });
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  write(name: string, content: string): string {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content, { mode: 0o600 });
    return this.path(name);
  }

  /** Writes a file outside of the state directory; gives its path. */
  file(content: string): string {
    return this.write(`secrets/secret-${++this.#count}`, `${content}\n`);
  }

  /** A variable of the gateway's environment. */
  reference(content: string): { readonly env: string } {
    const env = `GIVEN_${++this.#count}`;
    this.env[env] = content;
    return { env };
  }

  /** A secret for a place of the config, as it is written there: itself, or where it stands. */
  secret(place: string, form: "text" | "env" | "file", inside = (secret: string): string => secret): unknown {
    const content = inside(marks.at(`${place}#${form} ${++this.#count}`));
    if (form === "text") return content;
    return form === "env" ? this.reference(content) : { file: this.file(content) };
  }

  /** `inspector`: what else the process gets. */
  async start(t: Test, config: object, env: NodeJS.ProcessEnv = {}): Promise<GatewayProcess> {
    this.write("state/openclaw.json", JSON.stringify(config));
    const gateway = await GatewayProcess.start({
      stateDirectory: this.path("state"),
      adminToken: marks.at(`environment OPENCLAW_GATEWAY_TOKEN#${this.directory}`),
      flags: ["--log-level", "trace"],
      env: { ...this.env, TMPDIR: this.path("tmp"), ...env },
    });
    t.teardown(() => gateway.stop());
    return gateway;
  }

  /** All that a gateway has left behind, but for what was put there on purpose. */
  left(gateway: GatewayProcess): void {
    const key = this.path("state/backup/keys/signing-key.pem");
    const on = ["state/openclaw.json", "secrets", "state-home/.aws"].map((name) => this.path(name));
    // Of an Ed25519 key in PKCS#8, the last 32 bytes are the secret (RFC 8410, section 7).
    const seed = createPrivateKey(readFileSync(key)).export({ format: "der", type: "pkcs8" }).subarray(-30);
    marks.adopt("made signing key#base64", seed.toString("base64"));
    marks.adopt("made signing key#hex", seed.toString("hex"));
    on.push(key);
    evidence.push(...lines("the log", gateway.output), ...files(this.directory, on));
    evidence.push(...rows(this.path("state/backup/ledger.sqlite")));
  }
}

/** What a command prints. `shown`: a secret that this one command is there to show. */
function heard(what: string, { stdout, stderr }: RunResult, shown = ""): void {
  for (const [stream, output] of Object.entries({ stdout, stderr }))
    evidence.push(...lines(`${stream} of ${what}`, shown === "" ? output : output.replaceAll(shown, "…")));
}

/** An answer with its headers; gives the body. */
async function asked(url: string, init: RequestInit = {}): Promise<string> {
  const answer = await fetch(url, init);
  const body = await answer.text();
  const what = `answer ${answer.status} of ${init.method ?? "GET"} ${new URL(url).pathname}`;
  evidence.push(...lines(what, body), text(`headers of ${what}`, JSON.stringify([...answer.headers])));
  return body;
}

/** As {@link Marks.leaks}, in words. */
function found(where: Iterable<Evidence>): readonly string[] {
  return marks.leaks(where).map((leak) => `${leak.place}, ${leak.form}, is in ${leak.where}`);
}

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  for (const [name, secret] of Object.entries({ accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey }))
    marks.adopt(`${DESTINATION}.${name}#that is right`, secret);

  await t.test("keys, tokens and channels of a gateway, in success and failure", async (t) => {
    const given = new Given(t);
    const aws = await AwsServices.start(t);
    aws.keys = {
      accessKey: marks.at("issued access key"),
      secretKey: marks.at("issued secret key"),
      sessionToken: marks.at("issued session token"),
      expiration: new Date(Date.now() + HOUR_MS),
    };
    const taking = await httpReceiver(t);
    const refusing = await httpReceiver(t);
    refusing.status = 500;
    const mail = await smtpReceiver(t, { hideSTARTTLS: true });
    const bucket = await s3.newBucket();
    const keys = (form: "text" | "env" | "file") => ({
      accessKeyId: given.secret(`${DESTINATION}.accessKeyId`, form),
      secretAccessKey: given.secret(`${DESTINATION}.secretAccessKey`, form),
      sessionToken: given.secret(`${DESTINATION}.sessionToken`, form),
    });
    const url = (kind: string, form: "text" | "env" | "file", base: string) =>
      given.secret(`${NOTIFY}[${kind}].url`, form, (secret) => `${base}/${secret}?token=${secret}`);
    const secret = (form: "env" | "file") => given.secret(`${NOTIFY}[webhook].secret`, form);
    const right = {
      accessKeyId: given.reference(s3.accessKey),
      secretAccessKey: given.reference(s3.secretKey),
    };
    const ofStore = { endpoint: s3.endpoint, region: s3.region };
    given.write(
      "state-home/.aws/credentials",
      `[keys]\naws_access_key_id = ${marks.at("profile access key")}\naws_secret_access_key = ${marks.at("profile secret key")}\n`,
    );
    const role = "arn:aws:iam::123456789012:role/backup";
    given.write(
      "state-home/.aws/config",
      [
        `[profile role]\nrole_arn = ${role}\nsource_profile = keys`,
        `[profile fails]\ncredential_process = sh ${given.file(`echo ${marks.at("credential_process output")} >&2; exit 1`)}`,
        `[profile web]\nrole_arn = ${role}\nweb_identity_token_file = ${given.file(marks.at("environment AWS_WEB_IDENTITY_TOKEN_FILE"))}`,
      ].join("\n\n"),
    );
    const config = {
      gateway: {
        token: given.secret("config gateway.token", "text"),
        metricsToken: given.secret("config gateway.metricsToken", "env"),
      },
      plugins: {
        backup: {
          localRoots: [given.path("archives")],
          destinations: {
            good: { url: `s3://${bucket}/good`, ...ofStore, ...right },
            wrong: { url: `s3://${bucket}/wrong`, ...ofStore, ...keys("text") },
            double: { url: `s3://bucket/double`, endpoint: aws.url, ...keys("env") },
            nowhere: { url: `s3://bucket/nowhere`, endpoint: NOWHERE, ...keys("file") },
            ...Object.fromEntries(
              ["keys", "role", "fails", "web"].map((profile) => [
                `by-${profile}`,
                { url: `s3://bucket/by-${profile}`, endpoint: aws.url, profile },
              ]),
            ),
          },
          defaultDestination: "good",
          notify: [
            { kind: "webhook", name: "taken", url: url("webhook", "env", taking.url), secret: secret("env") },
            {
              kind: "webhook",
              name: "refused",
              url: url("webhook", "text", refusing.url),
              secret: secret("file"),
            },
            {
              kind: "webhook",
              name: "nowhere",
              url: url("webhook", "file", NOWHERE),
              secret: secret("file"),
            },
            { kind: "ping", name: "pinged", url: url("ping", "text", taking.url) },
            { kind: "ping", name: "not-pinged", url: url("ping", "env", refusing.url) },
            {
              ...{ kind: "email", name: "mail", host: "127.0.0.1", port: mail.port, tls: "none" },
              ...{ from: "gateway@example.org", to: ["ops@example.org"] },
              user: given.secret(`${NOTIFY}[email].user`, "env"),
              password: given.secret(`${NOTIFY}[email].password`, "file"),
            },
          ],
        },
      },
    };
    const env = {
      ...aws.environment,
      S3_ACCESS_KEY_ID: marks.at("environment S3_ACCESS_KEY_ID"),
      S3_SECRET_ACCESS_KEY: marks.at("environment S3_SECRET_ACCESS_KEY"),
      S3_SESSION_TOKEN: marks.at("environment S3_SESSION_TOKEN"),
      S3_ENDPOINT: aws.url,
      // A crash report would hold command line and environment.
      NODE_OPTIONS: `--import ${CRASHING_THREAD} --report-on-signal --report-uncaught-exception --report-directory=${given.path("tmp")}`,
    };
    const gateway = await given.start(t, config, env);
    const watch = new ProcessWatch(gateway.pid);
    const cli = new Cli(gateway);
    const command = async (
      what: string,
      args: readonly string[],
      env: NodeJS.ProcessEnv = {},
    ): Promise<RunResult> => {
      const result = await cli.run(args, { env });
      heard(`openclaw ${what}`, result);
      return result;
    };

    // Tenants: what shows a token shows it once.
    const tokens: string[] = [];
    for (const [what, args] of [
      ["tenants create", ["tenants", "create", "acme"]],
      ["tenants create --json", ["tenants", "create", "other", "--json"]],
      ["tenants token rotate", ["tenants", "token", "rotate", "acme"]],
    ] as const) {
      const result = await cli.run(args);
      const token = /tk_[a-z]+_([0-9a-f]{32})/.exec(result.stdout)?.[1] ?? "";
      tokens.push(marks.adopt(`answer of ${what}`, token));
      heard(`openclaw ${what}`, result, token);
    }

    // Backups with every way of giving keys, that work, and that fail in every way.
    const backup = ["tenants", "backup", "acme", "--to"];
    t.equal((await command("backup to dest:good", [...backup, "dest:good/acme.tar.zst"])).code, 0);
    t.equal((await command("backup to dest:good", [...backup, `${given.path("archives")}/`])).code, 0);
    const given3 = (place: string, env: Record<string, string>): readonly string[] =>
      (["--access-key", "--secret-key", "--session-token"] as const).flatMap((flag) => {
        const secret = marks.at(`flag ${flag}#${place}`);
        marks.adopt(
          `body ${{ "--access-key": "accessKey", "--secret-key": "secretKey", "--session-token": "sessionToken" }[flag]}#${place}`,
          secret,
        );
        if (place.startsWith("env")) {
          env[`FLAG${flag.replaceAll("-", "_")}`] = secret;
          return [flag, `env:FLAG${flag.replaceAll("-", "_")}`];
        }
        return [flag, place.startsWith("file") ? `file:${given.file(secret)}` : secret];
      });
    const exits: Record<string, number> = {};
    for (const [what, to, store] of [
      ["env, denied", `s3://${bucket}/flags/a.tar.zst`, s3.endpoint],
      ["file, unreachable", "s3://bucket/flags/b.tar.zst", NOWHERE],
      ["text, taken", "s3://bucket/flags/c.tar.zst", aws.url],
      ["text, crash", "s3://bucket/flags/crash.tar.zst", aws.url],
      [
        "env, endpoint",
        "s3://bucket/flags/d.tar.zst",
        `http://user:${marks.at("elsewhere endpoint")}@127.0.0.1:9`,
      ],
      [
        "env, query",
        "s3://bucket/flags/e.tar.zst",
        `http://127.0.0.1:9/?key=${marks.at("elsewhere endpoint query")}`,
      ],
      ["env, location", `s3://AKEY:${marks.at("elsewhere location")}@bucket/f.tar.zst`, aws.url],
      ["env, address", `https://user:${marks.at("elsewhere address")}@host/g.tar.zst`, aws.url],
    ] as const) {
      const env = {};
      const flags = [...given3(what, env), "--endpoint", store];
      exits[what] = (await command(`backup, keys by ${what}`, [...backup, to, ...flags], env)).code;
      await command(
        `check-destination, keys by ${what}`,
        ["backups", "check-destination", to, ...flags],
        env,
      );
      await command(
        `restore, keys by ${what}`,
        ["tenants", "restore", "--from", to, "--as", "new", ...flags],
        env,
      );
    }
    t.strictSame(exits, {
      ...{ "env, denied": 5, "file, unreachable": 6, "text, taken": 4, "text, crash": 1 },
      ...{ "env, endpoint": 2, "env, query": 2, "env, location": 2, "env, address": 2 },
    });
    for (const name of ["wrong", "double", "nowhere", "by-keys", "by-role", "by-fails", "by-web"])
      exits[name] = (await command(`backup to dest:${name}`, [...backup, `dest:${name}/acme.tar.zst`])).code;
    t.match(exits, {
      wrong: 5,
      double: 4,
      nowhere: 6,
      "by-keys": 4,
      "by-role": 4,
      "by-fails": 5,
      "by-web": 4,
    });
    exits["environment"] = (await command("backup by S3_*", [...backup, "s3://elsewhere/a.tar.zst"])).code;
    t.equal(exits["environment"], 4);

    // Encrypted archives: with keys that open them, that do not, and that are none.
    const { identity, recipient } = await keyPair();
    marks.adopt("flag --identity#right", identity.slice("AGE-SECRET-KEY-1".length));
    marks.adopt("body identity#right", identity.slice("AGE-SECRET-KEY-1".length));
    const sealed = given.path("archives/sealed.age");
    await command("backup, encrypted", [...backup, sealed, "--recipient", recipient]);
    const passphrase = (place: string): string => {
      const secret = marks.at(`flag --passphrase#${place}`);
      marks.adopt(`body passphrase#${place}`, secret);
      return secret;
    };
    const noKey = `AGE-SECRET-KEY-1${marks.adopt("flag --identity#no key", randomBytes(16).toString("hex").toUpperCase())}`;
    for (const [what, flags, code] of [
      ["identity", ["--identity", given.file(identity)], 0],
      ["identity that is none", ["--identity", given.file(noKey)], 2],
      ["passphrase by text", ["--passphrase", passphrase("text")], 7],
      ["passphrase by file", ["--passphrase", `file:${given.file(passphrase("file"))}`], 7],
      ["pipe with a key", ["--pipe", `age -d -i ${noKey}`], 5],
    ] as const) {
      const restore = ["tenants", "restore", "--from", sealed, "--as", "opened", "--dry-run", ...flags];
      t.equal((await command(`restore by ${what}`, restore)).code, code, what);
      await command(`show by ${what}`, ["backups", "show", sealed, ...flags]);
      await command(`verify by ${what}`, ["backups", "verify", sealed, ...flags]);
    }

    // Archives that are good, damaged and gone.
    const [archive = ""] = readdirSync(given.path("archives"), { recursive: true, encoding: "utf8" }).filter(
      (name) => name.endsWith(".zst"),
    );
    const bytes = readFileSync(given.path(`archives/${archive}`));
    const path = given.path("archives/damaged.tar.zst");
    writeFileSync(path, bytes.subarray(0, bytes.length / 2));
    for (const args of [
      ["backups", "list", "--json"],
      ["backups", "verify", "acme", "--all"],
      ["backups", "drill", "acme"],
      ["backups", "verify", path],
      ["tenants", "restore", "--from", path, "--as", "broken"],
      ["tenants", "restore", "--from", "dest:good/acme.tar.zst", "--as", "restored"],
      ["tenants", "restore", "--from", "dest:good/none.tar.zst"],
      ["backups", "files", "dest:good/acme.tar.zst"],
      ["backups", "rebuild"],
      ["backups", "prune", "acme", "--keep-last", "1"],
      ["backups", "notify-test"],
      [
        "cron",
        "add",
        "acme",
        "--schedule",
        "0 3 * * *",
        "--name",
        "n",
        "--cmd",
        `openclaw tenants backup acme --secret-key ${marks.at("elsewhere schedule")}`,
      ],
      ["cron", "list", "acme"],
      ["jobs", "list", "--json"],
      ["audit", "list"],
      ["audit", "verify", "--json"],
      ["doctor"],
      ["doctor", "--json"],
      ["status"],
      ["status", "--json"],
    ])
      await command(args.slice(0, 3).join(" "), args);
    const wrongUrl = { OPENCLAW_GATEWAY_URL: `http://user:${marks.at("elsewhere gateway url")}@127.0.0.1:1` };
    await command("status of a wrong URL", ["status"], wrongUrl);
    await command("status, wrong token", ["status"], {
      OPENCLAW_GATEWAY_TOKEN: marks.at("environment OPENCLAW_GATEWAY_TOKEN#wrong"),
    });
    await command("a flag nobody knows", ["status", `--secret=${marks.at("elsewhere flag")}`]);

    // Requests as nobody should send them.
    const authorization = `Bearer ${gateway.adminToken}`;
    const post = (body: string, type = "application/json"): Promise<string> =>
      asked(`${gateway.url}/api/admin/tenants/acme/backups`, {
        ...{ method: "POST", body },
        headers: { authorization, "content-type": type },
      });
    const field = (name: string): string => marks.at(`body ${name}#bad request ${bad++}`);
    let bad = 0;
    for (const name of ["accessKey", "secretKey", "sessionToken"]) {
      await post(`{"s3":{"${name}":"${field(name)}"`);
      await post(`{"s3":{"${name}":"${field(name)}" x}}`);
      await post(field(name));
      await post(`{"${name}":"${field(name)}"}`);
      for (const value of [[field(name)], { a: field(name) }, field(name).repeat(1000)])
        await post(JSON.stringify({ s3: { [name]: value } }));
      await post(JSON.stringify({ s3: { secretKey: field(name) } }), "text/plain");
      await post(JSON.stringify({ s3: field(name) }));
    }
    for (const header of ["Bearer", "Basic", "Digest"])
      await asked(`${gateway.url}/api/admin/tenants`, {
        headers: { authorization: `${header} ${marks.at(`elsewhere ${header}`)}` },
      });
    for (const place of ["/api/admin/tenants?token=", "/api/tenant/whoami?token=", "/nothing?token="])
      await asked(`${gateway.url}${place}${marks.at(`elsewhere query of ${place}`)}`, {
        headers: { authorization },
      });
    for (const token of tokens)
      await asked(`${gateway.url}/api/admin/tenants`, {
        headers: { authorization: `Bearer tk_acme_${token}` },
      });

    // All that a gateway shows of itself.
    const openApi = await asked(`${gateway.url}/api/openapi.json`);
    for (const path of [
      "/healthz",
      "/readyz",
      "/metrics",
      "/api/admin/tenants",
      "/api/admin/status",
      "/api/admin/doctor",
      "/api/admin/backups",
      "/api/admin/audit?limit=1000",
      "/api/admin/audit/verify",
    ])
      await asked(`${gateway.url}${path}`, { headers: { authorization } });
    const { jobs } = JSON.parse(
      await asked(`${gateway.url}/api/admin/jobs?limit=1000`, { headers: { authorization } }),
    ) as {
      readonly jobs: readonly { readonly id: string; readonly error?: { readonly code: string } }[];
    };
    for (const { id } of jobs)
      await asked(`${gateway.url}/api/admin/jobs/${id}/events`, {
        headers: { authorization, accept: "text/event-stream" },
      });
    process.kill(gateway.pid, "SIGUSR2");
    const live = watch.stop();
    evidence.push(...live);
    await gateway.stop();
    given.left(gateway);

    // It was as bad as it was meant to be.
    t.ok(jobs.length > 20, `${jobs.length} jobs`);
    const codes = new Set(jobs.map(({ error }) => error?.code));
    for (const code of [
      "STORE_DENIED",
      "STORE_UNREACHABLE",
      "CREDENTIALS_MISSING",
      "JOB_THREAD_FAILED",
      "ARCHIVE_DAMAGED",
      "ARCHIVE_EXISTS",
    ])
      t.ok(codes.has(code), code);
    t.ok(taking.requests.length > 5);
    t.ok(refusing.requests.length > 1);
    t.ok(mail.logins.length > 0);
    t.ok(live.length > 1, `${live.length} command lines`);
    t.ok(aws.of("sts").length > 1);
    t.strictSame(
      new Set([...bodyPlaces(JSON.parse(openApi))].filter((place) => !marks.places.has(place))),
      new Set(),
    );
    const signers = new Set(
      aws
        .of("s3")
        .flatMap(({ accessKey, token }) =>
          found([text("", `${accessKey} ${token}`)]).map((leak) => leak.replace(/[#,].*/, "")),
        ),
    );
    for (const place of [
      `${DESTINATION}.accessKeyId`,
      `${DESTINATION}.sessionToken`,
      "flag --access-key",
      "flag --session-token",
      "environment S3_ACCESS_KEY_ID",
      "environment S3_SESSION_TOKEN",
      "issued access key",
      "profile access key",
    ])
      t.ok(signers.has(place), `${place} has signed a request`);
  });

  await t.test("gateways that do not start, because of what their config says", async (t) => {
    const broken: readonly ((secret: () => string) => string)[] = [
      (secret) => `{ gateway: { token: "${secret()}" `,
      (secret) => `{ gateway: { token: ${secret()} } }`,
      (secret) => `{ gateway: { token: "${secret()}", port: "x" } }`,
      (secret) => `{ gateway: { token: ["${secret()}"] } }`,
      (secret) => `{ gateway: { token: { env: "X", value: "${secret()}" } } }`,
      (secret) => `{ gateway: { tokens: "${secret()}" } }`,
      (secret) =>
        `{ plugins: { backup: { destinations: { a: { url: "s3://b/c", secretAccessKey: ["${secret()}"] } } } } }`,
      (secret) =>
        `{ plugins: { backup: { destinations: { a: { url: "s3://b/c", endpoint: "ftp://${secret()}@x" } } } } }`,
      (secret) => `{ plugins: { backup: { destinations: { a: { url: "https://x:${secret()}@b/c" } } } } }`,
      (secret) =>
        `{ plugins: { backup: { notify: [{ kind: "webhook", name: "a", url: "http://x/", secret: "${secret()}" }] } } }`,
      (secret) =>
        `{ plugins: { backup: { notify: [{ kind: "ping", name: "a", url: "ftp://x/${secret()}" }] } } }`,
      (secret) =>
        `{ plugins: { backup: { notify: [{ kind: "email", name: "a", password: "${secret()}" }] } } }`,
    ];
    const given = new Given(t);
    let count = 0;
    for (const [i, write] of broken.entries()) {
      given.write(
        "state/openclaw.json",
        write(() => marks.at(`config gateway.token#broken ${count++}`)),
      );
      const env = cleanEnvironment(given.path("state-home"), {
        OPENCLAW_STATE_DIR: given.path("state"),
        OPENCLAW_GATEWAY_TOKEN: marks.at(`environment OPENCLAW_GATEWAY_TOKEN#broken ${count++}`),
      });
      const flags = ["--port", "0", ...(i % 2 === 0 ? [] : ["--json"])];
      const result = await run(process.execPath, [OPENCLAW, "gateway", "run", ...flags], { env });
      t.not(result.code, 0, `config ${i} is refused`);
      heard(`gateway run with broken config ${i}`, result);
    }
    t.ok(existsSync(given.path("state")));
    evidence.push(...files(given.path("state"), [given.path("state/openclaw.json")]));
  });

  await t.test("every place that takes a secret has had one", (t) => {
    const places = [...configPlaces(), ...flagPlaces(), ...environmentPlaces()];
    t.ok(places.length > 15, `${places.length} places`);
    for (const place of places) t.ok(marks.places.has(place), place);
    t.end();
  });

  await t.test("no secret is found in anything that was written, said or shown", (t) => {
    t.ok(evidence.length > 1000, `${evidence.length} lines, files, rows and answers`);
    t.strictSame(found(evidence), []);
    t.end();
  });
}

t.test("a leak that is planted is found, in whatever form", (t) => {
  const planted = new Marks();
  const secret = planted.at("flag --planted");
  const leak = (content: string | Buffer) =>
    planted.leaks([{ where: "here", bytes: Buffer.from(content) }]).map(({ form }) => form);
  t.strictSame(leak("nothing"), []);
  t.strictSame(leak(JSON.stringify({ msg: `key ${secret}` })), ["plain"], "a line of the log");
  t.strictSame(leak(`the key ${secret.slice(0, 14)}… is wrong`), ["plain"], "shortened");
  t.strictSame(leak(Buffer.from(secret).toString("hex")), ["hex"]);
  t.strictSame(leak(Buffer.from(secret).toString("hex").toUpperCase()), ["hex"]);
  for (const before of ["", "u", "us", "user:"])
    for (const encoding of ["base64", "base64url"] as const)
      t.strictSame(
        leak(`Basic ${Buffer.from(before + secret).toString(encoding)}`),
        ["base64"],
        `${encoding} behind '${before}'`,
      );

  const directory = temporaryDirectory(t);
  const ledger = join(directory, "ledger.sqlite");
  const database = new Database(ledger);
  database.exec("CREATE TABLE jobs (id TEXT, request_json TEXT)");
  const insert = database.prepare("INSERT INTO jobs VALUES (?, ?)");
  insert.run("a", "{}");
  insert.run("b", JSON.stringify({ s3: { secretKey: secret } }));
  database.close();
  t.match(planted.leaks(rows(ledger)), [
    { where: "ledger table jobs row 2", place: "flag --planted", form: "plain" },
  ]);
  writeFileSync(join(directory, "left-behind"), `token=${secret}`);
  mkdirSync(join(directory, secret));
  t.match(
    new Set(planted.leaks(files(directory, [ledger])).map(({ where }) => where.replace(directory, ""))),
    new Set(["file /left-behind", "the name of a file"]),
  );
  t.strictSame(
    planted.leaks(files(directory, [ledger, join(directory, "left-behind"), join(directory, secret)])),
    [],
  );
  const watch = new ProcessWatch(process.pid);
  return run("sh", ["-c", "sleep 0.3; :", secret]).then(() => {
    t.match(
      planted.leaks(watch.stop()),
      [{ place: "flag --planted", form: "plain" }],
      "an argument of a child process",
    );
  });
});
