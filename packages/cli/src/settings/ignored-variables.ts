/**
 * Variables of the Python engine that have no effect in this version.
 */
import type { Env } from './setting.js';

const BUNDLES = 'code is loaded from local files and packages, not from bundles';
const IGNORED: Readonly<Record<string, string>> = {
  FUNCT_ZIP_PATH: BUNDLES,
  FUNCT_EXTRACT_PATH: BUNDLES,
};

/** One line for each variable that is set and has no effect. */
export const ignoredVariables = (env: Env): string[] =>
  Object.entries(IGNORED).flatMap(([name, why]) => (env[name]?.trim() ? [`${name} is set, but has no effect: ${why}`] : []));
