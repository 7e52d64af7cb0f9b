/** Links: symbolic ones alone and together, and hard ones. */
import { gnuLongPart, paxPart, tarOf } from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import { damaged, directory, file, hardlink, honest, root, symlink, unsafe, UP_TO_OUTSIDE } from "./build.js";

const LEAVES = "link leaves the root";
const LEAVES_THROUGH = "link leaves the root through another link";
const NO_EARLIER_FILE = "hard link to no earlier file of the archive";
/** A target that costs 1,600 steps to follow and leads nowhere: down 800 directories, and up again. */
const DETOUR = "d/".repeat(800) + "../".repeat(800);

const symbolic: readonly HostileCase[] = [
  unsafe("link-absolute", "a link to an absolute path", "entry policy", [LEAVES, `${root}/l`], (outside) => [
    symlink("l", outside),
  ]),
  unsafe("link-up", "a link by .. to what lies outside", "entry policy", [LEAVES, `${root}/l`], () => [
    symlink("l", UP_TO_OUTSIDE),
  ]),
  unsafe(
    "link-out-and-back",
    "a link that leaves and comes back by the tenant's name: under another name it would not",
    "entry policy",
    [LEAVES, `${root}/l`],
    () => [symlink("l", "../acme/honest.txt")],
  ),
  unsafe(
    "link-to-staging",
    "a link to the directory in which restores are made",
    "idea",
    [LEAVES, `${root}/l`],
    () => [symlink("l", "../..")],
  ),
  unsafe("link-to-proc", "a link into /proc", "idea", [LEAVES, `${root}/l`], () => [
    symlink("l", "/proc/self/cwd"),
  ]),
  unsafe("link-empty", "a link without a target", "idea", ["empty link target", `${root}/l`], () => [
    symlink("l", ""),
  ]),
  unsafe(
    "link-of-4096-bytes",
    "a link target longer than the kernel takes",
    "entry policy",
    ["link target over 4095 bytes", `${root}/l`],
    () => [paxPart({ linkpath: "x/".repeat(2048) }), symlink("l", "")],
  ),
  unsafe(
    "link-up-in-gnu-long-target",
    ".. in a GNU long target, behind a harmless one in the header",
    "idea: readers that check the header only",
    [LEAVES, `${root}/l`],
    () => [gnuLongPart(UP_TO_OUTSIDE, "K"), symlink("l", "honest.txt")],
  ),
  unsafe(
    "link-up-in-pax",
    ".. in a pax linkpath, behind a harmless one in the header",
    "idea: readers that check the header only",
    [LEAVES, `${root}/l`],
    () => [paxPart({ linkpath: UP_TO_OUTSIDE }), symlink("l", "honest.txt")],
  ),
  damaged(
    "link-targets-disagree",
    "a pax linkpath and a GNU long target for one link",
    "idea: parser differential",
    ["names disagree", `${root}/l`],
    () =>
      tarOf(honest, paxPart({ linkpath: "honest.txt" }), gnuLongPart(UP_TO_OUTSIDE, "K"), symlink("l", "")),
  ),
  unsafe(
    "link-through-link",
    "a path through a link that stays inside",
    "entry policy",
    ["path passes through a symlink", `${root}/l/x`],
    () => [directory("d"), symlink("l", "d"), file("l/x")],
  ),
  unsafe(
    "link-through-later-link",
    "a path through a link that comes later",
    "entry policy",
    ["another entry passes through this one", `${root}/l`],
    () => [file("l/x"), symlink("l", "d")],
  ),
  unsafe(
    "links-leave-together",
    "three links that stay inside one by one and leave together",
    "idea",
    [LEAVES_THROUGH, `${root}/x/y/a`],
    () => [symlink("x/y/a", "b/../../z"), symlink("x/y/b", "c"), symlink("x/y/c", "../..")],
  ),
  unsafe(
    "links-climb-step-by-step",
    "each link climbs one directory by way of the one before",
    "idea",
    [LEAVES_THROUGH, `${root}/a/b/c/3`],
    () => [symlink("a/b/c/1", ".."), symlink("a/b/c/2", "1/.."), symlink("a/b/c/3", "2/../..")],
  ),
  unsafe(
    "links-in-a-circle",
    "links that lead to each other, with .. so that they must be followed",
    "idea",
    ["link passes more than 40 links", `${root}/a`],
    () => [symlink("a", "b/../b"), symlink("b", "a/../a")],
  ),
  {
    id: "links-that-cost-steps",
    title: "links that pass 39 times through one that costs thousands of steps",
    origin: "idea: work that grows much faster than the archive",
    archive: () =>
      tarOf(
        honest,
        paxPart({ linkpath: DETOUR }),
        symlink("m", ""),
        ...Array.from({ length: 500 }, (_, i) => symlink(`l${i}`, `${"m/".repeat(39)}x/..`)),
      ),
    expected: { code: "LIMIT_EXCEEDED", rule: "steps to follow links", entry: `${root}/l6` },
  },
];

const hard: readonly HostileCase[] = [
  unsafe(
    "hard-link-absolute",
    "a hard link to an absolute path",
    "entry policy",
    [NO_EARLIER_FILE, `${root}/h`],
    (outside) => [hardlink("h", `${outside}/file`)],
  ),
  unsafe(
    "hard-link-up",
    "a hard link by .. to what lies outside",
    "entry policy",
    [NO_EARLIER_FILE, `${root}/h`],
    () => [hardlink("h", `${root}/${UP_TO_OUTSIDE}/file`)],
  ),
  unsafe(
    "hard-link-to-another-tenant",
    "a hard link to another tenant's file",
    "idea",
    [NO_EARLIER_FILE, `${root}/h`],
    () => [hardlink("h", "tenants/bystander/tenant.json")],
  ),
  unsafe("hard-link-to-itself", "a hard link to itself", "idea", [NO_EARLIER_FILE, `${root}/h`], () => [
    hardlink("h", `${root}/h`),
  ]),
  unsafe(
    "hard-link-to-a-later-file",
    "a hard link to what comes later",
    "entry policy",
    [NO_EARLIER_FILE, `${root}/h`],
    () => [hardlink("h", `${root}/later`), file("later")],
  ),
  unsafe(
    "hard-link-to-a-directory",
    "a hard link to a directory",
    "entry policy",
    [NO_EARLIER_FILE, `${root}/h`],
    () => [directory("d"), hardlink("h", `${root}/d`)],
  ),
  unsafe(
    "hard-link-to-a-link",
    "a hard link to a link, then a file of its name",
    "idea: the file is written through the link",
    [NO_EARLIER_FILE, `${root}/h`],
    () => [symlink("l", "honest.txt"), hardlink("h", `${root}/l`), file("h", "overwritten")],
  ),
  unsafe(
    "hard-link-then-file",
    "a hard link inside, then a file of its name: both names would change",
    "idea",
    ["path stands twice", `${root}/h`],
    () => [hardlink("h", `${root}/honest.txt`), file("h", "overwritten")],
  ),
  unsafe(
    "hard-link-without-target",
    "a hard link without a target",
    "idea",
    [NO_EARLIER_FILE, `${root}/h`],
    () => [hardlink("h", "")],
  ),
];

export const linkCases: readonly HostileCase[] = [...symbolic, ...hard];
