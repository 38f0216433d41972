/**
 * What is used of the SDK's client of S3. A file of its own, to be loaded at need: in a bundle, `import()` of the package itself would
 * give its CommonJS form, whose names are members of `default`.
 */
export { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
