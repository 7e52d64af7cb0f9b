import { chmodSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { BackupError } from "../errors.js";
import { Pipes } from "./pipes.js";

const RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/** A directory with programs of these names. */
function programs(t: Test, ...names: string[]): string {
  const directory = realpathSync(t.testdir({}));
  for (const name of names) {
    writeFileSync(join(directory, name), "#!/bin/sh\n");
    chmodSync(join(directory, name), 0o755);
  }
  return directory;
}

function refusal(pipes: Pipes, text: string): BackupError {
  try {
    pipes.command(text);
  } catch (error) {
    if (error instanceof BackupError) return error;
  }
  throw new Error(`${text} was taken.`);
}

t.test("age and rage are allowed where they are installed, with their own options", (t) => {
  const directory = programs(t, "age", "rage");
  const pipes = new Pipes(undefined, { PATH: `relative:${directory}` });
  t.strictSame(pipes.command(`age -r ${RECIPIENT} -a`), {
    name: "age",
    program: join(directory, "age"),
    args: ["-r", RECIPIENT, "-a"],
  });
  t.strictSame(pipes.command(`  rage   -d -i '/etc/my keys/k.txt'`).args, ["-d", "-i", "/etc/my keys/k.txt"]);
  t.strictSame(pipes.command(`age -r "ssh-ed25519 AAAA" -R=/r`).args, ["-r", "ssh-ed25519 AAAA", "-R=/r"]);
  t.strictSame(pipes.command(`age -R /a"b c"'d'`).args, ["-R", "/ab cd"]);
  t.end();
});

t.test("everything else is refused, and named", (t) => {
  const directory = programs(t, "age");
  const pipes = new Pipes(
    { allow: { age: { path: join(directory, "age"), options: ["-e", "-d", "-r", "-R", "-a", "-i"] } } },
    {},
  );
  for (const [text, reason] of [
    ["", /'' is no program that may be run; allowed are age\.$/],
    ["/usr/bin/age -d", /'\/usr\/bin\/age' is no program/],
    ["rage -d", /'rage' is no program/],
    ["sh -c 'age'", /'sh' is no program/],
    [`age -r ${RECIPIENT} -o /etc/cron.d/x`, /age may not be given -o, only -e -d/],
    ["age --output=/tmp/x -d", /may not be given --output/],
    ["age -d /etc/shadow", /may not be given '\/etc\/shadow': it works on the archive/],
    [`age -r ${RECIPIENT} | sh`, /may not be given '\|'/],
    [`age -r ${RECIPIENT}; reboot`, /may not be given 'reboot'/],
    ["age -p", /may not be given -p/],
    ["age -d -", /may not be given -,/],
    ["age -d --", /may not be given --,/],
    ["age -r", /the last option of age wants a value/],
    ["age -r -o", /'-o' stands where an option of age wants its value/],
    [`age -r "${RECIPIENT}`, /a quote is never closed/],
    ["age -d\0-i", /holds a NUL/],
  ] as const) {
    const error = refusal(pipes, text);
    t.match(error, { code: "PIPE_NOT_ALLOWED", exitCode: 5, message: reason }, text);
    t.match(error.hint, /plugins\.backup\.pipe\.allow/);
  }
  const secret = "AGE-SECRET-KEY-1QQQQ";
  const error = refusal(pipes, `age -d -i ${secret}`);
  t.match(error, { code: "PIPE_NOT_ALLOWED", hint: /file on the gateway's machine/ });
  t.notMatch(JSON.stringify([error.message, error.hint, error.details]), secret);
  t.end();
});

t.test("a program of the config is run by the path that its link led to at the start", (t) => {
  const directory = programs(t, "real", "other");
  const link = join(directory, "link");
  symlinkSync(join(directory, "real"), link);
  const options = ["-k=", "-z"];
  const pipes = new Pipes(
    {
      allow: {
        mine: { path: link, options },
        gone: { path: join(directory, "not-there"), options },
        plain: { path: directory + "/plain", options: [] },
      },
    },
    {},
  );
  t.strictSame(pipes.command("mine -k value -z"), {
    name: "mine",
    program: join(directory, "real"),
    args: ["-k", "value", "-z"],
  });
  t.match(refusal(pipes, "mine -z value").message, /may not be given 'value'/);
  t.match(refusal(pipes, "gone -z"), {
    code: "PIPE_UNAVAILABLE",
    exitCode: 6,
    message: /gone was not there when the gateway started: .*not-there/,
  });
  t.end();
});

t.test("without a program none is allowed", (t) => {
  const pipes = new Pipes({ allow: {} }, { PATH: "/usr/bin" });
  t.match(refusal(pipes, "age -d").message, /none is allowed/);
  const none = new Pipes({}, { PATH: "/nowhere" });
  t.ok(none);
  mkdirSync(join(t.testdir({}), "age"));
  t.end();
});
