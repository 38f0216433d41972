/** What is used of the client of S3. A file of its own: a bundle keeps the names of a package only where they are imported by name. */
export { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
