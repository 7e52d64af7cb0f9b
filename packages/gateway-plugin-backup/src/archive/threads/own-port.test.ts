import t from "tap";
import { ownPort } from "./own-port.js";

t.test("a program that is no worker thread has no port, and is told so", (t) => {
  t.throws(ownPort, { message: /to be started as a worker thread/ });
  t.end();
});
