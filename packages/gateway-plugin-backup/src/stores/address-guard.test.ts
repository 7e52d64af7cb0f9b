import fc from "fast-check";
import t from "tap";
import { AddressForbidden, AddressGuard, type Resolve } from "./address-guard.js";

/** What a URL makes of a host that is an address; a name without one is none. */
const hostOf = (address: string): string =>
  new URL(`http://${address.includes(":") ? `[${address}]` : address}`).hostname;

function isOpen(address: string, allow: readonly string[] = []): boolean {
  try {
    new AddressGuard(allow).checkHost(hostOf(address));
    return true;
  } catch (error) {
    if (error instanceof AddressForbidden) return false;
    throw error;
  }
}

t.test(
  "link-local and metadata addresses are closed in every form; loopback and private ones are open",
  (t) => {
    for (const address of [
      "169.254.169.254",
      "169.254.0.0",
      "169.254.255.255",
      "0xa9fea9fe",
      "2852039166",
      "0251.0376.0251.0376",
      "169.254.43518",
      "0.0.0.0",
      "0",
      "0.1.2.3",
      "100.100.100.200",
      "168.63.129.16",
      "192.0.0.192",
      "::",
      "::ffff:169.254.169.254",
      "::ffff:a9fe:a9fe",
      "64:ff9b::a9fe:a9fe",
      "64:ff9b::0.0.0.1",
      "64:ff9b::6464:64c8",
      "fe80::1",
      "febf::1",
      "fd00:ec2::254",
      "fd00:ec2::23",
      "fd20:ce::254",
      "fd00:c1::a9fe:a9fe",
      "fd00:42::42",
    ]) {
      t.notOk(isOpen(address), address);
    }
    for (const address of [
      "127.0.0.1",
      "::1",
      "::ffff:127.0.0.1",
      "10.0.0.1",
      "172.16.0.1",
      "192.168.0.1",
      "169.253.255.255",
      "169.255.0.0",
      "100.100.100.201",
      "100.64.0.1",
      "1.0.0.0",
      "203.0.113.9",
      "fd00::1",
      "fec0::1",
      "2001:db8::1",
      "64:ff9b::808:808",
      "169.254.169.254.example.org",
      "localhost",
    ]) {
      t.ok(isOpen(address), address);
    }
    t.end();
  },
);

t.test("no way of writing an IPv4 address changes what is thought of it", (t) => {
  const byte = fc.integer({ min: 0, max: 255 });
  const start = fc.oneof(fc.constantFrom([169, 254], [0, 0], [100, 100], [127, 0]), fc.tuple(byte, byte));
  fc.assert(
    fc.property(start, byte, byte, ([a = 0, b = 0], c, d) => {
      const dotted = [a, b, c, d].join(".");
      const number = ((a * 256 + b) * 256 + c) * 256 + d;
      const hex = (number + 2 ** 32).toString(16).slice(1);
      const low = `${hex.slice(0, 4)}:${hex.slice(4)}`;
      return [String(number), `0x${hex}`, `::ffff:${low}`].every((form) => isOpen(form) === isOpen(dotted));
    }),
  );
  t.end();
});

t.test("what the config names is open, and nothing beside it", (t) => {
  t.ok(isOpen("169.254.7.1", ["169.254.7.1"]));
  t.ok(isOpen("::ffff:169.254.7.1", ["169.254.7.1"]));
  t.notOk(isOpen("169.254.7.2", ["169.254.7.1"]));
  t.ok(isOpen("169.254.7.200", ["10.0.0.0/8", "169.254.7.0/24"]));
  t.ok(isOpen("fe80::1", ["fe80::/64"]));
  t.notOk(isOpen("fe80:0:0:1::1", ["fe80::/64"]));
  for (const entry of ["store.example.org", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "fe80::/129", ""]) {
    t.throws(() => new AddressGuard([entry]), {
      code: "REQUEST_INVALID",
      message: `plugins.backup.network.allow: ${entry} is no address and no network.`,
    });
  }
  t.end();
});

t.test("a name gives those of its addresses that are open", async (t) => {
  const names: Readonly<Record<string, readonly [string, number][]>> = {
    rebound: [["169.254.169.254", 4]],
    local: [
      ["fe80::1%eth0", 6],
      ["::ffff:169.254.0.1", 6],
    ],
    mixed: [
      ["fe80::1%eth0", 6],
      ["192.168.0.7", 4],
      ["fd00::7", 6],
    ],
  };
  const asked: object[] = [];
  const resolve: Resolve = (name, options, done) => {
    asked.push(options);
    const found = names[name];
    if (found === undefined) done(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), []);
    else
      done(
        null,
        found.map(([address, family]) => ({ address, family })),
      );
  };
  const guard = new AddressGuard([], resolve);
  const lookup = (name: string, options: { all?: boolean; family?: 4 | 6 } = { all: true }) =>
    new Promise<unknown>((done) => guard.lookup(name, options, (...answer) => done(answer)));

  t.match(await lookup("rebound"), [
    {
      code: "ADDRESS_FORBIDDEN",
      message: /^it leads to 169\.254\.169\.254; .* plugins\.backup\.network\.allow/,
    },
  ]);
  t.match(await lookup("local"), [{ message: /^it leads to fe80::1%eth0, ::ffff:169\.254\.0\.1; / }]);
  t.same(await lookup("mixed"), [
    null,
    [
      { address: "192.168.0.7", family: 4 },
      { address: "fd00::7", family: 6 },
    ],
  ]);
  t.same(await lookup("mixed", { family: 4 }), [null, "192.168.0.7", 4]);
  t.match(await lookup("unknown"), [{ code: "ENOTFOUND" }]);
  t.same(asked.at(-2), { family: 4, all: true }, "what the connection wants of the name is passed on");
  const own = await new Promise((done) =>
    new AddressGuard([]).lookup("localhost", { all: true }, (...answer) => done(answer)),
  );
  t.match(own, [null, [{ address: /^(127\.0\.0\.1|::1)$/ }]], "without a resolver the machine's");
});
