import t from "tap";
import { testLostBase, testRebuiltCatalogue, testSecondBackup } from "../test-support/incremental-stores.js";
import { s3ForTests } from "../test-support/s3-for-tests.js";

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  const config = async () => ({
    defaultDestination: "offsite",
    destinations: {
      offsite: {
        url: `s3://${await s3.newBucket()}/gw`,
        endpoint: s3.endpoint,
        region: s3.region,
        accessKeyId: s3.accessKey,
        secretAccessKey: s3.secretKey,
      },
    },
  });
  await t.test("S3: the second backup sends hardly anything, and stands by itself", async (t) => {
    await testSecondBackup(t, await config());
  });
  await t.test("S3: a base that is gone means a full upload", async (t) => {
    await testLostBase(t, await config());
  });
  await t.test("S3: a catalogue that was made again serves bases and prunes", async (t) => {
    await testRebuiltCatalogue(t, await config());
  });
}
