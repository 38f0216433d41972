/* global Redoc, document, location */
/** The page to read the API on. */
Redoc.init(new URL('openapi.json', location.href).href, {}, document.getElementById('api'));
