/** Where backups go. */

export interface LocalPlace {
  readonly kind: "local";
  readonly directory: string;
}

export interface S3Place {
  readonly kind: "s3";
  readonly bucket: string;
  /** Of the counting proxy before the store. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

export type Place = LocalPlace | S3Place;
