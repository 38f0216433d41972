/** The client of DynamoDB: its limits of time, its errors in our words, and what it counts. */
import type { $Command, DynamoDBClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DaemonError } from '@mcp-daemon/core';

import { isThrottled, toStoreError } from '../base/errors.js';
import type { AwsOptions } from '../base/options.js';
import { checkEndpoint } from '../base/options.js';
import { addressOf } from './address.js';
import type { Address, DynamoCounts, Wire, WireOptions } from './wire.js';
import { createWire, MAX_ATTEMPTS, MAX_SOCKETS } from './wire.js';

/** What {@link openDynamo} takes. */
export interface DynamoOptions extends AwsOptions {
  /** The address of DynamoDB, as `http://127.0.0.1:8000`. Default: AWS. */
  endpoint?: string;
  /** Whether to ask DynamoDB for the cost of each request, and to count it. Default false. */
  countUnits?: boolean;
}

/** DynamoDB, as the rest of this package uses it. */
export interface Dynamo {
  readonly region: string;
  readonly counts: DynamoCounts;
  /**
   * Sends one request.
   *
   * @throws what the SDK throws; {@link Dynamo.send} gives a DaemonError instead
   */
  raw<I extends ServiceInputTypes, O extends ServiceOutputTypes>(command: Command<I, O>): Promise<O>;
  /** Sends requests that write call records, which are many: without the layers of the SDK. */
  readonly wire: Wire;
  /** For another {@link Wire}, in a thread. */
  readonly wireOptions: WireOptions;
  /** Sends one request. @throws DaemonError `store_busy`, `store_failed`, or `closed` after `close` */
  send<I extends ServiceInputTypes, O extends ServiceOutputTypes>(command: Command<I, O>): Promise<O>;
  /** Ends the connections; use after it is refused. */
  close(): void;
}

/** A command of the SDK. */
export type Command<I extends ServiceInputTypes, O extends ServiceOutputTypes> = $Command<
  I,
  O,
  DynamoDBClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>;

/** The table that a request names. */
function tableOf(input: ServiceInputTypes): string | undefined {
  if ('TableName' in input && input.TableName !== undefined) return input.TableName;
  const tables = 'RequestItems' in input && input.RequestItems !== undefined ? Object.keys(input.RequestItems) : [];
  return tables.length === 0 ? undefined : tables.join(', ');
}

/** The API's name of a command: from its schema, because a minified class has another name. */
function actionOf(command: object): string {
  const schema: unknown = 'schema' in command ? command.schema : undefined;
  const name: unknown = Array.isArray(schema) ? schema[2] : undefined;
  return typeof name === 'string' ? name : command.constructor.name.replace(/Command\d*$/, '');
}

/** Where an error of a command came up. */
export const placeOf = (command: { readonly input: ServiceInputTypes }): Parameters<typeof toStoreError>[1] => ({
  service: 'DynamoDB',
  resource: tableOf(command.input),
  action: actionOf(command),
});

/** Has every request ask what it costs. */
function askForUnits(client: DynamoDBClient): void {
  client.middlewareStack.add((next) => (args) => next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } }), {
    step: 'initialize',
  });
}

function countUnits(counts: DynamoCounts, command: object, output: ServiceOutputTypes): void {
  const said = 'ConsumedCapacity' in output ? output.ConsumedCapacity : undefined;
  const units = [said ?? []]
    .flat()
    .reduce((sum, capacity) => sum + ('CapacityUnits' in capacity ? (capacity.CapacityUnits ?? 0) : 0), 0);
  if (/^(Get|BatchGet|Query|Scan)/.test(actionOf(command))) counts.readUnits += units;
  else counts.writeUnits += units;
}

/**
 * Opens a client: finds the region and the credentials, and asks DynamoDB nothing yet.
 *
 * @throws DaemonError `usage` for an endpoint that is none; `store_failed` where region or credentials are missing
 */
export async function openDynamo(options: DynamoOptions = {}): Promise<Dynamo> {
  const { region, credentials, endpoint, connectTimeoutMs = 1_000, requestTimeoutMs = 3_000, deadlineMs = 8_000 } = options;
  const client = new DynamoDBClient({
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(endpoint === undefined ? {} : { endpoint: checkEndpoint('DYNAMODB_ENDPOINT', endpoint) }),
    maxAttempts: MAX_ATTEMPTS,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
      httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
    },
  });
  const counts: DynamoCounts = { requests: 0, retries: 0, throttled: 0, readUnits: 0, writeUnits: 0 };
  if (options.countUnits === true) askForUnits(client);
  let closed = false;
  let found: string;
  let address: Address;
  try {
    found = await client.config.region();
    await client.config.credentials();
    address = await addressOf(client, found);
  } catch (error) {
    client.destroy();
    throw toStoreError(error, { service: 'DynamoDB' });
  }

  const wireOptions: WireOptions = {
    ...{ address, counts, connectTimeoutMs, requestTimeoutMs, deadlineMs },
    credentials: () => client.config.credentials(),
    countUnits: options.countUnits === true,
  };
  const wire = createWire(wireOptions);

  async function raw<I extends ServiceInputTypes, O extends ServiceOutputTypes>(command: Command<I, O>): Promise<O> {
    if (closed) throw new DaemonError('closed', 'The store is closed.');
    try {
      const output = await client.send(command, { abortSignal: AbortSignal.timeout(deadlineMs) });
      counts.retries += (output.$metadata.attempts ?? 1) - 1;
      if (options.countUnits === true) countUnits(counts, command, output);
      // An empty answer of a proxy reads like a row that is not there.
      if (output.$metadata.requestId === undefined)
        throw new DaemonError('store_busy', 'Something other than DynamoDB answered: check the endpoint and any proxy.');
      return output;
    } catch (error) {
      counts.retries += Math.max(0, ((error as { $metadata?: { attempts?: number } }).$metadata?.attempts ?? 1) - 1);
      if (isThrottled(error)) counts.throttled += 1;
      throw error;
    } finally {
      counts.requests += 1;
    }
  }

  return {
    region: found,
    counts,
    wire,
    wireOptions,
    raw,
    async send(command) {
      try {
        return await raw(command);
      } catch (error) {
        throw toStoreError(error, placeOf(command));
      }
    },
    close() {
      closed = true;
      wire.close();
      client.destroy();
    },
  };
}
