/** What is loaded only for servers that have a URL. */
export { httpCarrier } from './http-carrier.js';
export { logIn, ServiceProvider } from './service-login.js';
