/** What tests of other packages need to try the plugin against real stores and real faults. */
export { skippableFrame } from "../archive/frames.js";
export * from "../archive/testing/index.js";
export { keyPair, type KeyPair } from "../archive/testing/key-pair.js";
export * from "../archive/testing/tar-builder.js";
export { FrameCompressor } from "../archive/zstd.js";
export { BackupError, type BackupErrorCode } from "../errors.js";
export { storeConformance, type ConformanceSetup } from "../stores/conformance.js";
export { httpReceiver, smtpReceiver } from "./alert-receivers.js";
export { AwsServices, type AwsRequest, type GivenKeys } from "./aws-services.js";
export { FaultProxy, startFaultProxy, type FaultRule, type ProxyFault, type Refusal } from "./fault-proxy.js";
export type { S3Operation, SeenRequest } from "./s3-operation.js";
export { s3For, s3ForTests, type Lifetime, type S3ForTests } from "./s3-for-tests.js";
export { readStoredArchive, type StoredArchive } from "./stored-archive.js";
