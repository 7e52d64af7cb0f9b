import type { UiHost } from "@openclaw/ui-kit";

/** Names of the destinations of the gateway's config; none where they cannot be asked for, because they are a help only. */
export async function destinationNames(host: UiHost): Promise<readonly string[]> {
  try {
    const { destinations } = await host.api.get<{ destinations: { name?: string }[] }>(
      "/api/admin/destinations",
    );
    return destinations.flatMap(({ name }) => name ?? []);
  } catch {
    return [];
  }
}
