/** `openclaw tenants create | list | info | token rotate | delete`. */
import type { Command } from "commander";
import { apiPath } from "../client.js";
import type { Context } from "../context.js";
import { cliError } from "../errors.js";
import { formatBytes, formatCount, formatTime } from "../output/format.js";
import { formatFacts, formatTable } from "../output/table.js";
import type { TenantView } from "../views.js";
import { addExamples } from "./options.js";

/** Returns the `tenants` group, for the commands that other modules add to it. */
export function addTenantCommands(program: Command, context: Context): Command {
  const tenants = program
    .command("tenants")
    .summary("make, list, back up, restore and delete tenants")
    .description("Make, list and remove tenants; back them up and restore them.");
  addCreate(tenants, context);
  addList(tenants, context);
  addInfo(tenants, context);
  addTokenRotate(tenants, context);
  addAccept(tenants, context);
  addDelete(tenants, context);
  return tenants;
}

function addCreate(tenants: Command, context: Context): void {
  const command = tenants
    .command("create <id>")
    .summary("make a tenant and show its token")
    .description(
      "Make a tenant. Its token is shown once, now: the gateway keeps only a hash of it. " +
        "An id is 1 to 32 of a-z, 0-9, '_' and '-', and starts with a letter or a digit.",
    );
  addExamples(command, [
    "openclaw tenants create acme",
    "openclaw tenants create acme --json | jq -r .token",
  ]);
  context.action(command, async (id: string) => {
    const created = (await context.client().request("POST", "/api/admin/tenants", { body: { id } })) as {
      readonly tenant: TenantView;
      readonly token: string;
    };
    context.output.result(created, () => [
      `tenant ${created.tenant.id} was made`,
      `token: ${created.token} (shown only now)`,
    ]);
    return undefined;
  });
}

function addList(tenants: Command, context: Context): void {
  const command = tenants
    .command("list")
    .summary("list the tenants")
    .description("List the tenants of this gateway.")
    .option("--names", "only the ids, one a line, for scripts");
  addExamples(command, [
    "openclaw tenants list",
    "for t in $(openclaw tenants list --names); do openclaw tenants backup $t --to s3://my-bucket/$t/$(date +%F).tar.zst; done",
  ]);
  context.action(command, async (options: { readonly names?: true }) => {
    const list = (await context.client().request("GET", "/api/admin/tenants")) as {
      readonly tenants: readonly TenantView[];
    };
    context.output.result(list, () => {
      if (options.names === true) return list.tenants.map(({ id }) => id);
      if (list.tenants.length === 0) return ["no tenants yet: `openclaw tenants create <id>` makes one"];
      return formatTable(list.tenants, [
        { title: "ID", cell: ({ id }) => id },
        { title: "CREATED", cell: ({ createdAt }) => formatTime(createdAt) },
        { title: "STATE", cell: ({ suspended }) => (suspended ? "suspended" : "") },
        { title: "LABELS", cell: ({ labels }) => formatLabels(labels) },
      ]);
    });
    return undefined;
  });
}

function addInfo(tenants: Command, context: Context): void {
  const command = tenants.command("info <id>").summary("show one tenant").description("Show one tenant.");
  addExamples(command, ["openclaw tenants info acme"]);
  context.action(command, async (id: string) => {
    const tenant = (await context.client().request("GET", apiPath`/api/admin/tenants/${id}`)) as TenantView;
    const { bytes, entries } = tenant.quotas;
    context.output.result(tenant, () =>
      formatFacts([
        ["id", tenant.id],
        ["uid", tenant.uid],
        ["created", formatTime(tenant.createdAt)],
        ["labels", formatLabels(tenant.labels)],
        ["most bytes", bytes === undefined ? undefined : formatBytes(bytes)],
        ["most entries", entries === undefined ? undefined : formatCount(entries)],
        ["directory", tenant.directory],
        ["state", tenant.suspended ? "suspended: a restore is replacing it" : "serving"],
      ]),
    );
    return undefined;
  });
}

function addTokenRotate(tenants: Command, context: Context): void {
  const token = tenants
    .command("token")
    .summary("make a tenant's token anew")
    .description("Work with a tenant's token.");
  const command = token
    .command("rotate <id>")
    .summary("give a tenant a new token")
    .description("Give a tenant a new token, shown once, now. The old one stops working at once.");
  addExamples(command, ["openclaw tenants token rotate acme"]);
  context.action(command, async (id: string) => {
    const rotated = (await context.client().request("POST", apiPath`/api/admin/tenants/${id}/token`)) as {
      readonly id: string;
      readonly token: string;
    };
    context.output.result(rotated, () => [`token: ${rotated.token} (shown only now; the old one is void)`]);
    return undefined;
  });
}

function addAccept(tenants: Command, context: Context): void {
  const command = tenants
    .command("accept <id>")
    .summary("take a tenant.json that was changed by hand")
    .description(
      "Take a tenant's tenant.json as it stands. Without this, what the gateway has noted of the tenant counts, whatever " +
        "is written there. Look at it before: it says the tenant's token, quotas and labels.",
    );
  addExamples(command, ["openclaw tenants accept acme"]);
  context.action(command, async (id: string) => {
    const accepted = await context.client().request("POST", apiPath`/api/admin/tenants/${id}/record/accept`);
    context.output.result(accepted, () => [`tenant.json of tenant ${id} counts now`]);
    return undefined;
  });
}

function addDelete(tenants: Command, context: Context): void {
  const command = tenants
    .command("delete <id>")
    .summary("delete a tenant with all it has")
    .description("Delete a tenant with everything in its directory. Its archives stay where they are.")
    .option("--confirm", "yes, delete it");
  addExamples(command, ["openclaw tenants delete acme --confirm"]);
  context.action(command, async (id: string, options: { readonly confirm?: true }) => {
    if (options.confirm !== true) {
      throw cliError("USAGE", `Tenant ${id} was not deleted: --confirm is missing`, {
        hint: `\`openclaw tenants backup ${id}\` first keeps a copy; \`openclaw tenants delete ${id} --confirm\` deletes it.`,
      });
    }
    const path = apiPath`/api/admin/tenants/${id}?confirm=${id}`;
    const deleted = await context.client().request("DELETE", path);
    context.output.result(deleted, () => [`tenant ${id} was deleted`]);
    return undefined;
  });
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}
