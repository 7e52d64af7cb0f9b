import t from "tap";
import { FakeTime } from "../test-support/fake-time.js";
import { OneTimeSecrets } from "./secrets.js";

t.test("a secret is given once, to the one who started the job", (t) => {
  const secrets = new OneTimeSecrets(new FakeTime().timer);
  secrets.keep("j1", "admin", "tk_acme_1");
  t.equal(secrets.take("j1", "tenant:other"), undefined);
  t.equal(secrets.take("j1", "admin"), "tk_acme_1");
  t.equal(secrets.take("j1", "admin"), undefined);
  t.end();
});

t.test("a secret that nobody takes is forgotten after ten minutes", (t) => {
  const time = new FakeTime();
  const secrets = new OneTimeSecrets(time.timer);
  secrets.keep("early", "admin", "a");
  secrets.keep("late", "admin", "b");
  time.advance(10 * 60 * 1000 - 1);
  t.equal(secrets.take("early", "admin"), "a");
  time.advance(1);
  t.equal(secrets.take("late", "admin"), undefined);
  t.end();
});
