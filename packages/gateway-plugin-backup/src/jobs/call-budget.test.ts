import t from "tap";
import { FakeTime } from "../test-support/fake-time.js";
import { CallBudgets } from "./call-budget.js";

function calls(budgets: CallBudgets, caller: string, count: number): void {
  for (let i = 0; i < count; i += 1) budgets.spend(caller);
}

await t.test("a burst is fine, a steady stream is held to the rate, and each caller has its own", (t) => {
  const time = new FakeTime();
  const budgets = new CallBudgets(30, time);
  calls(budgets, "acme", 30);
  t.throws(() => budgets.spend("acme"), {
    code: "RATE_LIMITED",
    status: 429,
    hint: "Try again in 2 s.",
    details: { retryAfterSeconds: 2 },
  });
  t.doesNotThrow(() => budgets.spend("other"));
  time.advance(1900);
  t.throws(() => budgets.spend("acme"), { code: "RATE_LIMITED", details: { retryAfterSeconds: 1 } });
  time.advance(100);
  t.doesNotThrow(() => budgets.spend("acme"), "what the answer said holds");
  t.throws(() => budgets.spend("acme"), { code: "RATE_LIMITED" });
  time.advance(3_600_000);
  calls(budgets, "acme", 30);
  t.throws(() => budgets.spend("acme"), { code: "RATE_LIMITED" }, "an hour's rest saves up no more");
  time.advance(-7_200_000);
  t.throws(
    () => budgets.spend("acme"),
    { code: "RATE_LIMITED", details: { retryAfterSeconds: 2 } },
    "a clock that is set back",
  );
  t.end();
});

await t.test("of very many callers, those are forgotten who have not called for a while", (t) => {
  const time = new FakeTime();
  const budgets = new CallBudgets(1, time);
  for (let i = 0; i < 9_999; i += 1) budgets.spend(`early-${i}`);
  time.advance(60_000);
  budgets.spend("acme");
  budgets.spend("one more");
  t.doesNotThrow(() => budgets.spend("early-1"));
  t.throws(() => budgets.spend("acme"), { code: "RATE_LIMITED" }, "and nobody else");
  t.end();
});
