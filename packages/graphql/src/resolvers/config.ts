/** Plans and imports configs, and rolls back. */
import type { Applied, ConfigDocument, ConfigPlan, JsonObject, SettingChange } from '@mcp-daemon/core';
import {
  applyPlan,
  ConfigError,
  conflictOf,
  DaemonError,
  isObject,
  locateMistakes,
  planConfig,
  rollbackTo,
} from '@mcp-daemon/core';

import { ApiError } from '../base/errors.js';
import type { Context } from '../reading/context.js';
import { authorOf, catalogsToChange, changed } from '../reading/context.js';
import type { ConfigArgs, ConfigInput } from '../writing/config-input.js';
import { properConfig, readConfig } from '../writing/config-input.js';
import { checkPackageName, documentOfBundle, fetchBundle, onBundles, packagesOf, UPLOAD_SECONDS } from './packages.js';
import type { Resolvers } from './resolver.js';

interface ApplyArgs extends ConfigArgs {
  note?: string | null;
  allowBreaking?: boolean | null;
  merge?: boolean | null;
  parent?: string | null;
  updatedBy?: string | null;
}

interface LoadArgs {
  packageName?: string | null;
  moduleName?: string | null;
  source?: string | null;
  mcpConfiguration?: unknown;
  variables?: unknown;
  packageBase64?: string | null;
  allowBreaking?: boolean | null;
  updatedBy?: string | null;
}

/** Where the history says that a change came from. */
const SOURCE = 'graphql';

/** Plans an import. @throws ConfigError with the lines of the text, if there is a text */
async function planned(context: Context, { document, text }: ConfigInput, merge: boolean): Promise<ConfigPlan> {
  const catalogs = await catalogsToChange(context);
  try {
    return await context.deadline.within(() => planConfig(catalogs, context.caller.partition, document, { merge }));
  } catch (error) {
    if (text === undefined || !(error instanceof ConfigError)) throw error;
    throw new ConfigError(locateMistakes(text, error.mistakes));
  }
}

/** Before anything else is changed. @throws DaemonError `breaking_changes` */
function refuseBreaking({ breaking, partition }: ConfigPlan, allowBreaking: boolean): void {
  if (breaking.length === 0 || allowBreaking) return;
  throw new DaemonError('breaking_changes', `Some changes of the partition "${partition}" can break callers.`, {
    data: breaking,
  });
}

const appliedResult = ({ plan, entry, rows }: Applied): object => ({
  ok: true,
  plan,
  entry: entry ?? null,
  rowsUpToDate: rows !== undefined,
});

async function applyPlanned(
  context: Context,
  plan: ConfigPlan,
  options: { author: string; note?: string | null | undefined; allowBreaking: boolean },
): Promise<Applied> {
  const { author, note, allowBreaking } = options;
  const catalogs = await catalogsToChange(context);
  const applied = await context.deadline.within(() =>
    applyPlan(catalogs, plan, {
      author,
      allowBreaking,
      source: SOURCE,
      ...(note === null || note === undefined ? {} : { note }),
    }),
  );
  if (applied.rows === undefined)
    context.logger.warn({ error: String(applied.rowsError) }, `rows were not brought in line: ${String(applied.rowsError)}`);
  await changed(context);
  return applied;
}

async function apply(args: ApplyArgs, context: Context): Promise<object> {
  const author = authorOf(context, args.updatedBy);
  const plan = await planned(context, readConfig(args), args.merge === true);
  if (args.parent !== undefined && args.parent !== plan.base)
    throw await context.deadline.within(async () =>
      conflictOf(await catalogsToChange(context), plan.partition, args.parent ?? null),
    );
  const { note } = args;
  return appliedResult(await applyPlanned(context, plan, { author, note, allowBreaking: args.allowBreaking === true }));
}

async function rollback(
  { revision, note, updatedBy }: { revision: string; note?: string | null; updatedBy?: string | null },
  context: Context,
): Promise<object> {
  const author = authorOf(context, updatedBy);
  const catalogs = await catalogsToChange(context);
  const options = { author, source: SOURCE, ...(note === null || note === undefined ? {} : { note }) };
  const applied = await context.deadline.within(() => rollbackTo(catalogs, context.caller.partition, revision, options));
  await changed(context);
  return appliedResult(applied);
}

/** The zip file of base64; undefined: it is something else. */
function zipOf(base64: string | null | undefined): Buffer | undefined {
  if (base64 === null || base64 === undefined) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  return bytes.subarray(0, 2).toString('latin1') === 'PK' ? bytes : undefined;
}

/** The config of base64; undefined: none was given. @throws ApiError `BAD_USER_INPUT` */
function decoded(base64: string | null | undefined): unknown {
  if (base64 === null || base64 === undefined) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    throw new ApiError('BAD_USER_INPUT', 'packageBase64 is neither a zip file nor the JSON text of a config.');
  }
}

/** The setting of a module with the values of `variables`, for the keys that it has. */
function withVariables(setting: unknown, variables: JsonObject): unknown {
  if (!isObject(setting)) return setting;
  const values = Object.entries(variables).filter(([key]) => Object.hasOwn(setting, key));
  return { ...setting, ...Object.fromEntries(values) };
}

/** A config with values for its settings, and with the package and the source of modules that name none. */
function filledIn(document: JsonObject, { packageName, source, variables }: LoadArgs): ConfigDocument {
  const values = variables ?? {};
  if (!isObject(values)) throw new ApiError('BAD_USER_INPUT', 'variables must be an object.');
  const { modules } = document;
  if (!Array.isArray(modules)) return document as ConfigDocument;
  const filled = modules.map((entry: unknown) => {
    if (!isObject(entry)) return entry;
    return {
      ...(typeof packageName === 'string' ? { package_name: packageName } : {}),
      ...(typeof source === 'string' ? { source } : {}),
      ...entry,
      ...(entry['setting'] === undefined ? {} : { setting: withVariables(entry['setting'], values) }),
    };
  });
  return { ...document, modules: filled } as ConfigDocument;
}

/** What is to be loaded. */
interface ToLoad {
  document: ConfigDocument;
  /** A bundle that is stored before its config is applied. */
  upload?: { name: string; bytes: Buffer };
}

/** @throws ApiError `BAD_USER_INPUT`, `NOT_AVAILABLE`, `NOT_FOUND`; ConfigError */
async function toLoad(args: LoadArgs, context: Context): Promise<ToLoad> {
  const { mcpConfiguration, packageBase64, moduleName } = args;
  const name = args.packageName ?? moduleName;
  const zip = zipOf(packageBase64);
  if (zip !== undefined) {
    const packages = packagesOf(context);
    if (typeof name !== 'string') throw new ApiError('BAD_USER_INPUT', 'Give packageName with a zip file.');
    const upload = { name: checkPackageName(name), bytes: zip };
    const document = await documentOfBundle(packages, { ...upload, moduleName });
    return { document: filledIn({ ...document }, args), upload };
  }
  const given = mcpConfiguration ?? decoded(packageBase64);
  if (given === null || given === undefined) {
    if (typeof name !== 'string') throw new ApiError('BAD_USER_INPUT', 'Give mcpConfiguration.');
    const packages = packagesOf(context);
    const bytes = await fetchBundle(packages, name);
    return { document: filledIn({ ...(await documentOfBundle(packages, { name, bytes, moduleName })) }, args) };
  }
  if (!isObject(given)) throw new ApiError('BAD_USER_INPUT', 'The config must be an object.');
  return { document: filledIn(properConfig(given), args) };
}

async function load(args: LoadArgs, context: Context): Promise<object> {
  const author = authorOf(context, args.updatedBy);
  const { document, upload } = await toLoad(args, context);
  const plan = await planned(context, { document, text: undefined }, true);
  const allowBreaking = args.allowBreaking !== false;
  if (upload !== undefined) {
    refuseBreaking(plan, allowBreaking);
    await onBundles(() => packagesOf(context).push(upload.name, upload.bytes));
  }
  await applyPlanned(context, plan, { author, allowBreaking });
  await context.operators.packages?.refresh();
  const stats = {
    tools: document.tools?.length ?? 0,
    resources: (document.resources?.length ?? 0) + (document.resource_templates?.length ?? 0),
    prompts: document.prompts?.length ?? 0,
    modules: document.modules?.length ?? 0,
    settings: (document.modules ?? []).filter(({ setting }) => setting !== undefined && setting !== null).length,
  };
  const { tools, resources, prompts, modules } = stats;
  const message = `Successfully loaded MCP configuration: ${tools} tools, ${resources} resources, ${prompts} prompts, ${modules} modules`;
  return { ok: true, message, stats };
}

async function uploadUrl(args: { packageName: string; updatedBy?: string | null }, context: Context): Promise<object> {
  authorOf(context, args.updatedBy);
  const packages = packagesOf(context);
  const name = checkPackageName(args.packageName);
  if (packages.uploadUrl === undefined)
    throw new ApiError(
      'NOT_AVAILABLE',
      'Only a bucket has URLs for uploads: set FUNCT_BUCKET_NAME, or give the package as packageBase64 of loadMcpConfiguration.',
    );
  return { uploadUrl: await packages.uploadUrl(name, UPLOAD_SECONDS), s3Key: `${name}.zip` };
}

interface ProcessArgs extends Pick<LoadArgs, 'moduleName' | 'variables' | 'updatedBy'> {
  packageName: string;
  s3Key?: string | null;
}

async function processPackage({ s3Key, ...args }: ProcessArgs, context: Context): Promise<object> {
  const key = `${args.packageName}.zip`;
  if (typeof s3Key === 'string' && s3Key !== key) throw new ApiError('BAD_USER_INPUT', `s3Key must be "${key}", or left out.`);
  const { ok, message } = (await load(args, context)) as { ok: boolean; message: string };
  return { ok, message };
}

export const configResolvers: Resolvers = {
  Query: {
    plan: (_: unknown, args: ConfigArgs & { merge?: boolean | null }, context) =>
      planned(context, readConfig(args), args.merge === true),
  },
  Mutation: {
    applyConfig: (_: unknown, args: ApplyArgs, context) => apply(args, context),
    rollback: (_: unknown, args: { revision: string; note?: string | null; updatedBy?: string | null }, context) =>
      rollback(args, context),
    loadMcpConfiguration: (_: unknown, args: LoadArgs, context) => load(args, context),
    generateMcpPackageUploadUrl: (_: unknown, args: { packageName: string; updatedBy?: string | null }, context) =>
      uploadUrl(args, context),
    processMcpPackage: (_: unknown, args: ProcessArgs, context) => processPackage(args, context),
  },
  Plan: { badRows: (plan: ConfigPlan) => plan.bad },
  SettingChange: { settingId: (change: SettingChange) => change.setting_id },
};
