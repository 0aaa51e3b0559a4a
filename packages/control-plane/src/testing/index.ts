/** What tests of other folders take from here: a control plane, its client, and one site-to-site world. Not part of the product. */
export { startTestServer, testHost, testSettings, testSubscription, testTenant, type TestServer } from './test-server.ts';
export type { TestResponse } from './test-client.ts';
export { buildSiteToSite, idOf, siteGroup, startSiteToSite } from './site-to-site.ts';
