/** Makes the message that loads a function. */
import type { Awaitable, CodeLocation, JsonObject, LinkBinding } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import type { MakeLoad } from './pool/version.js';
import type { Load } from './protocol/messages.js';

/**
 * What makes the `LOAD` of a function from this location. It throws DaemonError `module_failed` where a secret is missing.
 *
 * @param settingOf gives the setting of its class, with secrets
 */
export const makerOf =
  (
    link: LinkBinding,
    { root, file, member, cache }: CodeLocation,
    partition: string,
    settingOf: (link: LinkBinding) => Awaitable<JsonObject>,
  ): MakeLoad =>
  async (): Promise<Load> => {
    const { module_name, package_name, class_name, function_name, use } = link;
    let setting: JsonObject;
    try {
      setting = await settingOf(link);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new DaemonError(
        'module_failed',
        `class "${class_name ?? ''}" of module "${module_name}" could not be built: ${why}`,
        { cause },
      );
    }
    return {
      root,
      file,
      ...(member === undefined ? {} : { member }),
      ...(cache === undefined ? {} : { cache }),
      module_name,
      package_name,
      ...(class_name === undefined ? {} : { class_name }),
      function_name,
      setting,
      partition,
      kind: use?.kind ?? 'tool',
      name: use?.name ?? function_name,
    };
  };
