/** Runs the functions of an mcp-daemon in processes of their own. */
export type { CoreParts } from './host/core-parts.js';
export { createProcessRunner } from './runner.js';
export type { ProcessRunner, ProcessRunnerOptions } from './runner.js';
export type { ProcessSettings } from './settings.js';
export { readPythonConfiguration } from './runtimes/python-configuration.js';
export type { PythonConfigurationOptions } from './runtimes/python-configuration.js';
