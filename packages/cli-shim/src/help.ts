/** What `openclaw --help` says beside the list of commands. */
export const ROOT_HELP = `
The gateway does the work, on its own machine: local paths are paths there, and profiles are resolved there.
Secrets as env:NAME or file:PATH, and the environment below, are read on this machine.

Environment:
  OPENCLAW_GATEWAY_URL    where the gateway listens (default: http://127.0.0.1:18789)
  OPENCLAW_GATEWAY_TOKEN  the gateway's admin token
  OPENCLAW_STATE_DIR      state directory of \`gateway run\` (default: ~/.openclaw)

Output:
  Results go to stdout; progress, notes, warnings and errors to stderr. With --json, stdout holds one JSON document
  and nothing else: the gateway's answer, the job as it ended (\`state\`, \`result\`, \`warnings\`, \`error\`), or, when
  the command itself fails, a problem document with \`code\`, \`detail\`, \`hint\` and \`exitCode\`.
  A command that starts a job waits for it. Ctrl-C ends the waiting (exit code 1), not the job.

Exit codes:
  0  done                          4  conflict: slot taken, tenant busy
  1  the job failed                5  not allowed
  2  usage                         6  gateway or store unreachable
  3  not found                     7  unsafe or damaged archive, or audit log

Examples:
  openclaw gateway run --dev
  openclaw tenants create acme
  openclaw tenants backup acme --to s3://my-bucket/acme/2026-06-03.tar.zst --aws-profile production
  openclaw tenants backup acme --to /var/backups/openclawmu/acme/2026-06-03.tar.zst
  openclaw tenants restore --from s3://my-bucket/acme/2026-06-03.tar.zst --as acme-staging
  openclaw tenants restore --from s3://my-bucket/acme/2026-06-03.tar.zst --force
  for t in $(openclaw tenants list --names); do openclaw tenants backup $t --to s3://my-bucket/$t/$(date +%F).tar.zst; done`;
