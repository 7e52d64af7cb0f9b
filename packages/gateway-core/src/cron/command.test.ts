import fc from "fast-check";
import t from "tap";
import { Type } from "@openclaw/schema";
import type { JobType } from "../plugin/host.js";
import { parseCommand } from "./command.js";
import { commandWords } from "./command-words.js";
import { dateTextProblem, fillDates } from "./date-text.js";
import { Zone } from "./zone.js";

const start = () => Promise.resolve({ jobId: "j1" });
const TYPES: readonly JobType[] = [
  {
    name: "backup",
    description: "Backs up",
    scope: "tenant",
    parameters: Type.Object({}),
    command: {
      words: ["tenants", "backup"],
      flags: {
        "--to": { parameter: "to", value: "text" },
        "--overwrite": { parameter: "overwrite", value: "none" },
        "--limit-upload": { parameter: "limitUpload", value: "number" },
      },
      refusedFlags: { "--secret-key": "credentials are not stored; name a destination" },
    },
    start,
  },
  {
    name: "sweep",
    description: "Sweeps",
    scope: "gateway",
    parameters: Type.Object({}),
    command: { words: ["gateway", "sweep"], flags: {}, refusedFlags: {} },
    start,
  },
  { name: "silent", description: "Has no command", scope: "gateway", parameters: Type.Object({}), start },
];

const parse = (line: string, tenant: string | undefined = "acme") => parseCommand(line, tenant, TYPES);

t.test("a command becomes a job and its parameters", (t) => {
  t.same(parse("openclaw tenants backup acme --to s3://my-bucket/acme/$(date +%F).tar.zst"), {
    job: "backup",
    parameters: { to: "s3://my-bucket/acme/$(date +%F).tar.zst" },
  });
  t.same(
    parse(
      `openclaw tenants backup "acme" --overwrite --limit-upload=1000000 --no-wait --json --to '/b/a b/'`,
    ),
    { job: "backup", parameters: { overwrite: true, limitUpload: 1000000, to: "/b/a b/" } },
  );
  t.same(parse("openclaw tenants backup acme --limit-upload 10MiB --to {tenant}/{date}").parameters, {
    limitUpload: "10MiB",
    to: "{tenant}/{date}",
  });
  t.same(parse("openclaw gateway sweep", undefined), { job: "sweep", parameters: {} });
  t.end();
});

t.test("what is not an allowed job is refused with the reason", (t) => {
  for (const [line, reason] of [
    ["", /begins with ''; only openclaw's own/],
    ["rm -rf /", /begins with 'rm'/],
    ["S3_KEY=x openclaw tenants backup acme", /begins with 'S3_KEY=x'/],
    ["/usr/bin/openclaw tenants backup acme", /only openclaw's own/],
    [
      "openclaw tenants delete acme --confirm",
      /none of those that can be scheduled: openclaw tenants backup/,
    ],
    ["openclaw", /none of those/],
    ["openclaw tenants backup", /names no tenant/],
    ["openclaw tenants backup other", /about tenant other; a schedule of acme works on acme alone/],
    ["openclaw tenants backup acme other", /'other' is one word too many/],
    ["openclaw tenants backup acme --to", /--to needs a value/],
    ["openclaw tenants backup acme --to --overwrite", /--to needs a value/],
    ["openclaw tenants backup acme --overwrite=yes", /--overwrite takes no value/],
    ["openclaw tenants backup acme --to a --to b", /--to is given twice/],
    ["openclaw tenants backup acme --secret-key x", /--secret-key: credentials are not stored/],
    ["openclaw tenants backup acme --constructor", /knows no --constructor, only --to/],
    ["openclaw gateway sweep acme", /'acme' is one word too many/],
    ["openclaw tenants backup acme; rm -rf /", /no shell is run, so ';' does nothing/],
    ["openclaw tenants backup acme && true", /'&'/],
    ["openclaw tenants backup acme | cat", /'\|'/],
    ["openclaw tenants backup acme > /tmp/x", /'>'/],
    ["openclaw tenants backup $(whoami)", /only \$\(date \+FORMAT\)/],
    ["openclaw tenants backup acme --to `date`", /only \$\(date/],
    ["openclaw tenants backup acme --to $HOME/x", /only \$\(date/],
    ["openclaw tenants backup acme --to $(date)", /only \$\(date/],
    ["openclaw tenants backup acme --to $(date +%F; id)", /only \$\(date/],
    ["openclaw tenants backup acme --to $(date +%F", /\$\( is never closed/],
    ["openclaw tenants backup acme --to $(date +%N)", /%N is none of %Y/],
    ["openclaw tenants backup acme --to $(date +)", /format is empty/],
    ["openclaw tenants backup acme --to $(date +%F/x)", /conversions, letters, digits/],
    ["openclaw tenants backup acme --to 'x$(date +%F)'", /leave the quotes out/],
    ["openclaw tenants backup 'acme", /' is never closed/],
    ['openclaw tenants backup "acme', /" is never closed/],
    ["openclaw tenants backup acme \\", /ends with a \\/],
    ["openclaw tenants backup acme\nid", /more than one line/],
  ] as const) {
    t.throws(() => parse(line), { code: "COMMAND_REFUSED", exitCode: 5, message: reason }, line);
  }
  t.end();
});

t.test("words are split as a shell splits them", (t) => {
  t.same(commandWords(String.raw`a "b c"'d e'f\ g "" "h\"i\\j\k" l\;m`), [
    "a",
    "b cd ef g",
    "",
    String.raw`h"i\j\k`,
    "l;m",
  ]);
  t.same(commandWords('x $(date +%F)y "$(date -u +%H)" \\$(date +%Y)'), [
    "x",
    "$(date +%F)y",
    "$(date -u +%H)",
    "$(date +%Y)",
  ]);
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[^'$`\0\r\n]*$/)), (words) => {
      t.same(commandWords(words.map((word) => `'${word}'`).join("  ")), words);
    }),
    { numRuns: 50 },
  );
  t.end();
});

t.test("dates are those of the schedule's zone, or of UTC", (t) => {
  const instant = Date.parse("2026-12-31T23:05:09Z");
  const filled = (text: string): string => {
    t.equal(dateTextProblem(text), undefined, text);
    return fillDates(text, instant, new Zone("Europe/Berlin"));
  };
  t.equal(filled("s3://b/acme/$(date +%F).tar.zst"), "s3://b/acme/2027-01-01.tar.zst");
  t.equal(filled("$(date -u +%Y-%m-%dT%H-%M-%SZ)/$(date +%H)"), "2026-12-31T23-05-09Z/00");
  t.equal(filled(`$(date '+%y%j') $(date "+%G-W%V-%u") $(date --utc +%T)`), "27001 2026-W53-5 23:05:09");
  t.equal(filled("$( date +%s )"), "1798758309");
  t.equal(filled("no date at all"), "no date at all");
  t.end();
});
