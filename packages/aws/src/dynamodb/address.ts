/** The address of DynamoDB, as the SDK finds it: from region, endpoint, variables and profile. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';

import type { Address } from './wire.js';

/** What the SDK notes about a request. */
interface Resolved {
  request?: Pick<Address, 'hostname' | 'port' | 'path' | 'protocol'> | undefined;
  authSchemes?: readonly { signingRegion?: string }[] | undefined;
}

/** Has the SDK prepare a request, and takes the address from it. Nothing is sent. @throws what the SDK throws, as where the region is missing */
export async function addressOf(client: DynamoDBClient, region: string): Promise<Address> {
  const found: Resolved = {};
  const command = new ListTablesCommand({});
  command.middlewareStack.add(
    (_next, context) => (args) => {
      found.request = args.request as Resolved['request'];
      found.authSchemes = context.endpointV2?.properties?.['authSchemes'] as Resolved['authSchemes'];
      return Promise.resolve({ output: { $metadata: {} }, response: undefined });
    },
    { step: 'build', priority: 'high', name: 'address' },
  );
  await client.send(command);
  if (found.request === undefined) throw new Error('the SDK made no request');
  const { protocol, hostname, port, path } = found.request;
  return { protocol, hostname, port, path, region: found.authSchemes?.[0]?.signingRegion ?? region };
}
