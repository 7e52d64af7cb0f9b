import t from "tap";
import { Contributions } from "./contributions.js";

const check = { name: "disk", run: () => Promise.resolve([]) };
const panel = { id: "backups", title: "Backups", assets: "/a", entry: "e.js", element: "x-e" };

t.test("names are given once", (t) => {
  const contributions = new Contributions();
  contributions.addDoctorCheck(check);
  t.throws(() => contributions.addDoctorCheck(check), {
    message: "The doctor check 'disk' is registered twice",
  });
  contributions.addPanel(panel);
  t.throws(() => contributions.addPanel(panel), /registered twice/);
  t.throws(() => contributions.addPanel({ ...panel, id: "../up" }), /does not fit a URL/);
  t.end();
});

t.test("nothing is registered after setup", (t) => {
  const contributions = new Contributions();
  contributions.seal();
  t.throws(() => contributions.addDoctorCheck(check), /during setup only/);
  t.throws(() => contributions.addRoutes("admin", () => Promise.resolve()), /during setup only/);
  t.throws(
    () => contributions.addShutdown({ drain: () => Promise.resolve(), stop: () => Promise.resolve() }),
    /during setup only/,
  );
  t.end();
});
