/** The `openclaw` command: `bin/openclaw.js` loads this module, and so does `node dist/index.js` in the container image. */

// Secrets may stand in the arguments, and any user of the machine can list those. On Linux libuv writes the title
// over the whole argv area of the process and clears the rest, so that `ps` and /proc/<pid>/cmdline show this one
// word from here on; Node has its own copy of the arguments. It comes before the program is loaded, hence `import()`.
// While Node itself starts (some 50 ms) they can be seen, which is why the flags also take env:NAME and file:PATH.
process.title = "openclaw";

await import("./main.js");
