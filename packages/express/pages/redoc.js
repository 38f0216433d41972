/* global Redoc, document, location */
/** The page for reading about the API. */
Redoc.init(new URL('openapi.json', location.href.replace(/\/([?#]|$)/, '$1')).href, {}, document.getElementById('api'));
