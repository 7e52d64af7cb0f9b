import t from "tap";
import { scheduleWords } from "./schedule-words.js";

t.test("what schedules commonly say, in words", (t) => {
  for (const [expression, words] of [
    ["0 3 * * *", "every day at 03:00"],
    ["5 3,15 * * *", "every day at 03:05 and 15:05"],
    ["0,30 9 * * *", "every day at 09:00 and 09:30"],
    ["15 0 3 * * *", "every day at 03:00:15"],
    ["* * * * *", "every minute"],
    ["*/1 * * * *", "every minute"],
    ["*/15 * * * *", "every 15 minutes"],
    ["0 * * * *", "every hour"],
    ["1 * * * *", "every hour, at 1 minute past"],
    ["20 * * * *", "every hour, at 20 minutes past"],
    ["10,40 * * * *", "every hour, at 10 and 40 minutes past"],
    ["0 */6 * * *", "every day at 00:00, 06:00, 12:00 and 18:00"],
    ["0 */2 * * *", "every 2 hours"],
    ["30 */2 * * *", "every 2 hours, at 30 minutes past"],
    ["0 9-17 * * *", "every hour from 09:00 to 17:00"],
    ["*/15 9-17 * * 1-5", "every 15 minutes from 09:00 to 17:45, Monday to Friday"],
    ["0 4 * * 0", "every Sunday at 04:00"],
    ["0 4 * * 7", "every Sunday at 04:00"],
    ["0 4 * * mon,Thu", "every Monday and Thursday at 04:00"],
    ["0 4 * * 1-5", "Monday to Friday at 04:00"],
    ["0 4 * * 6-7", "every Sunday and Saturday at 04:00"],
    ["0 4 * * 0-7", "every day at 04:00"],
    ["0 4 1 * *", "on the 1st of every month at 04:00"],
    ["0 4 2,3,11,22 * *", "on the 2nd, 3rd, 11th and 22nd of every month at 04:00"],
    ["0 4 1 1 *", "every year on 1 January at 04:00"],
    ["0 4 1 jan,jul *", "on the 1st of January and July at 04:00"],
    ["0 4 1 3-5 *", "on the 1st of March to May at 04:00"],
    ["0 4 1 1-12 *", "on the 1st of every month at 04:00"],
    ["0 4 * 6 *", "every day in June at 04:00"],
    ["0 4 * 6 1", "every Monday in June at 04:00"],
    ["0 4 13 * 5", "on the 13th of every month and every Friday at 04:00"],
    ["0 4 1 1 1", "on the 1st of January and every Monday at 04:00"],
    ["@daily", "every day at 00:00"],
    ["@Weekly", "every Sunday at 00:00"],
    ["@daily-random", "once a day, at a time of its own"],
  ] as const) {
    t.equal(scheduleWords(expression), words, expression);
  }
  t.end();
});

t.test("what has no short words is shown as it was written", (t) => {
  for (const expression of [
    "*/7 * * * *",
    "0,10,25,40,55 * * * *",
    "5 */5 * * *",
    "10,40 */2 * * *",
    "0 1,2,5,9,12 * * *",
    "*/7 9-17 * * *",
    "* * * * * *",
    "7 */15 * * * *",
    "0 4 */2 * *",
    "0 4 * * */2",
    "0 4 1,2,3,4,5 * *",
    "0 4 1 1,3,5,7,9 *",
    "0 4 0 * *",
    "0 24 * * *",
    "0 5-3 * * *",
    "5/10 * * * *",
    "0 4 * * noday",
    "*/0 * * * *",
    "0 3 * *",
    "@sometimes",
    "",
  ]) {
    t.equal(scheduleWords(expression), expression);
  }
  t.equal(scheduleWords(" 0 24 * * * "), "0 24 * * *");
  t.end();
});

t.test("the zone comes behind", (t) => {
  t.equal(scheduleWords("0 3 * * *", "Europe/Berlin"), "every day at 03:00, Europe/Berlin");
  t.equal(scheduleWords("0 3 * * *", "Etc/UTC"), "every day at 03:00, UTC");
  t.equal(scheduleWords("0 3 * * *", ""), "every day at 03:00");
  t.end();
});
