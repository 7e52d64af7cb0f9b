/** tap's `after` script: stops the S3 server that the run's tests shared. It is a child of the run, like each of them. */
import { stopServer } from "./radosgw.js";

await stopServer(process.ppid);
