import { BlockList, isIP, isIPv4 } from "node:net";
import { GatewayError } from "../errors.js";

/** Tells whether an address, as a socket has it, is that of a trusted proxy. */
export type ProxyTrust = (address: string | undefined) => boolean;

/**
 * The proxies of `gateway.trustedProxies`: addresses, and networks in CIDR notation. IPv4 addresses that a dual-stack socket
 * shows as `::ffff:a.b.c.d` count as IPv4. Throws `CONFIG_INVALID` with the entry that is neither.
 */
export function proxyTrust(entries: readonly string[]): ProxyTrust {
  const proxies = new BlockList();
  for (const entry of entries) addEntry(proxies, entry);
  return (address) => isListed(proxies, address);
}

/** 127.0.0.0/8 and ::1: what no other machine can send from. */
export const isLoopback: ProxyTrust = proxyTrust(["127.0.0.0/8", "::1"]);

function addEntry(list: BlockList, entry: string): void {
  const [address = "", prefix, ...rest] = entry.split("/");
  const family = isIPv4(address) ? "ipv4" : "ipv6";
  const bits = family === "ipv4" ? 32 : 128;
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity;
  if (isIP(address) === 0 || rest.length > 0 || length > bits) {
    throw new GatewayError(
      "CONFIG_INVALID",
      `gateway.trustedProxies: ${entry} is no address and no network`,
      {
        hint: "Give addresses and networks such as 10.0.0.7, 10.0.0.0/8 or fd00::/8.",
      },
    );
  }
  list.addSubnet(address, length, family);
}

function isListed(list: BlockList, address: string | undefined): boolean {
  // A link-local IPv6 address comes with its interface: fe80::1%eth0.
  const [bare = ""] = (address ?? "").split("%");
  const version = isIP(bare);
  return version !== 0 && list.check(bare, version === 4 ? "ipv4" : "ipv6");
}
