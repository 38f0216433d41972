/** The one thing that a program needs of the console: where its files are. The console itself runs in a browser. */

/**
 * The folder with the files of the console, as a URL. Give it to `createRouter` or `serveHttp`.
 *
 * @example
 * const server = await serveHttp(daemon, { console: { assetsDir: consoleAssets } });
 */
export const consoleAssets: URL = new URL('./assets/', import.meta.url);
