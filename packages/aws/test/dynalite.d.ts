declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** An in-memory DynamoDB. @see https://www.npmjs.com/package/dynalite */
  export default function dynalite(options?: object): Server;
}
