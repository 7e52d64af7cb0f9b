/**
 * Keeps what is sent to an endpoint, a webhook or a mail server from machines that nobody means by one: those that are
 * found on the local link, and the services that hand a cloud machine its credentials.
 *
 * Addresses are judged when they are connected to: a name is harmless today and leads there tomorrow (DNS rebinding).
 * Loopback and private networks are open, because a store beside the gateway is the common case.
 */
import { lookup as resolveName, type LookupAllOptions, type LookupAddress } from "node:dns";
import { BlockList, isIP, isIPv4, type LookupFunction } from "node:net";
import { BackupError } from "../errors.js";

const FORBIDDEN_IPV4 = [
  // "This network", which Linux takes for the machine itself: RFC 1122, section 3.2.1.3.
  "0.0.0.0/8",
  // Link-local, RFC 3927. Metadata of AWS, Azure, Google Cloud, Oracle, DigitalOcean, OpenStack, Hetzner; credentials of ECS and EKS.
  "169.254.0.0/16",
  // https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
  "100.100.100.200/32",
  // https://learn.microsoft.com/en-us/azure/virtual-network/what-is-ip-address-168-63-129-16
  "168.63.129.16/32",
  // Oracle Cloud Infrastructure Classic.
  "192.0.0.192/32",
] as const;

const FORBIDDEN_IPV6 = [
  // Unspecified, the machine itself.
  "::/128",
  // Link-local, RFC 4291, section 2.5.6.
  "fe80::/10",
  // AWS: metadata at fd00:ec2::254, credentials of EKS at fd00:ec2::23.
  "fd00:ec2::/32",
  // https://cloud.google.com/compute/docs/metadata/querying-metadata
  "fd20:ce::254/128",
  // Oracle Cloud.
  "fd00:c1::a9fe:a9fe/128",
  // https://www.scaleway.com/en/docs/instances/how-to/use-cloud-init/
  "fd00:42::42/128",
  // The IPv4 ones as a NAT64 gateway reaches them: RFC 6052, section 2.1. A mapped address (::ffff:a.b.c.d) counts as IPv4.
  ...FORBIDDEN_IPV4.map(throughNat64),
] as const;

function throughNat64(network: string): string {
  const [address = "", bits] = network.split("/");
  return `64:ff9b::${address}/${96 + Number(bits)}`;
}

/** As {@link resolveName}, for tests. */
export type Resolve = (
  name: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** A connection that was not made. */
export class AddressForbidden extends Error {
  readonly code = "ADDRESS_FORBIDDEN";

  constructor(addresses: readonly string[]) {
    super(
      `it leads to ${addresses.join(", ")}; link-local and metadata addresses are not connected to unless ` +
        "plugins.backup.network.allow names them",
    );
    this.name = "AddressForbidden";
  }
}

export class AddressGuard {
  readonly #forbidden = blockList([...FORBIDDEN_IPV4, ...FORBIDDEN_IPV6]);
  readonly #allowed: BlockList;
  readonly #resolve: Resolve;

  /**
   * @param allow Addresses and networks (CIDR) that are open all the same. Throws `REQUEST_INVALID` for an entry that is neither.
   * @param resolve How names become addresses; default: as everything else on the machine does.
   */
  constructor(allow: readonly string[], resolve: Resolve = resolveName) {
    this.#allowed = blockList(allow);
    this.#resolve = resolve;
  }

  /**
   * For the `lookup` of whatever connects: gives the addresses of a name that may be connected to, {@link AddressForbidden}
   * where none is left. It is not asked for a host that is an address: see {@link checkHost}.
   */
  readonly lookup: LookupFunction = (name, options, done) => {
    this.#resolve(name, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        done(error, []);
        return;
      }
      const open = addresses.filter(({ address }) => !this.#isForbidden(address));
      const [first] = open;
      if (first === undefined) done(new AddressForbidden(addresses.map(({ address }) => address)), []);
      else if (options.all === true) done(null, open);
      else done(null, first.address, first.family);
    });
  };

  /** Throws {@link AddressForbidden} for a host, as a URL has it, that is itself an address that is not to be connected to. */
  checkHost(host: string): void {
    const address = host.replace(/^\[(.*)\]$/, "$1");
    if (isIP(address) !== 0 && this.#isForbidden(address)) throw new AddressForbidden([address]);
  }

  #isForbidden(address: string): boolean {
    return lists(this.#forbidden, address) && !lists(this.#allowed, address);
  }
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix, ...rest] = network.split("/");
    const [family, most] = isIPv4(address) ? (["ipv4", 32] as const) : (["ipv6", 128] as const);
    const bits = prefix === undefined ? most : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity;
    if (isIP(address) === 0 || rest.length > 0 || bits > most) {
      throw new BackupError(
        "REQUEST_INVALID",
        `plugins.backup.network.allow: ${network} is no address and no network.`,
        { hint: "Give addresses and networks such as 169.254.7.1 or fe80::/64." },
      );
    }
    list.addSubnet(address, bits, family);
  }
  return list;
}

/** An address may carry the interface that it is behind: `fe80::1%eth0`. */
function lists(list: BlockList, address: string): boolean {
  return list.check(address.replace(/%.*$/, ""), isIPv4(address) ? "ipv4" : "ipv6");
}
