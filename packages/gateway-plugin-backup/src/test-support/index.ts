/** What tests of other packages need to try the plugin against real stores and real faults. */
export { storeConformance, type ConformanceSetup } from "../stores/conformance.js";
export {
  FaultProxy,
  startFaultProxy,
  type FaultRule,
  type ProxyFault,
  type S3Operation,
  type SeenRequest,
} from "./fault-proxy.js";
export { s3ForTests, type S3ForTests } from "./s3-for-tests.js";
