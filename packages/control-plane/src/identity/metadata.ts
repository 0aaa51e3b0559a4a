/**
 * Cloud metadata: where `az cloud register`, az's metadata URL and Terraform learn our endpoints. One path, three shapes by
 * api-version. The login endpoint ends in `/adfs`, the only kind of authority that az's sign-in library uses offline.
 */
import { armErrors } from '@sallyport/model';
import type { JsonObject } from '@sallyport/model';
import type { ArmRequest, ArmResponse } from '../arm/message.ts';
import { ArmFailure, queryValue } from '../arm/message.ts';
import type { ArmRoute } from '../arm/router.ts';
import type { Settings } from '../settings.ts';

const versions = ['2015-01-01', '2018-05-01', '2019-05-01', '2020-06-01', '2022-09-01'] as const;

export function metadataRoutes(settings: Settings): readonly ArmRoute[] {
  return [{ method: 'GET', pattern: '/metadata/endpoints', isAnonymous: true, handle: (request) => endpoints(request, settings) }];
}

function endpoints(request: ArmRequest, settings: Settings): ArmResponse {
  const version = queryValue(request, 'api-version') ?? '';
  const cloud = describeCloud(request.baseUrl, settings);
  if (version === '2015-01-01') return { status: 200, body: describeEarlyCloud(request.baseUrl) };
  if (version === '2022-09-01') return { status: 200, body: cloud };
  if (version === '2018-05-01' || version === '2019-05-01' || version === '2020-06-01') return { status: 200, body: [cloud] };
  throw new ArmFailure(armErrors.invalidApiVersion(version, versions));
}

function describeEarlyCloud(base: string): JsonObject {
  return {
    galleryEndpoint: `${base}/gallery`,
    graphEndpoint: `${base}/graph`,
    portalEndpoint: base,
    authentication: { loginEndpoint: `${base}/adfs`, audiences: [`${base}/`] },
  };
}

function describeCloud(base: string, settings: Settings): JsonObject {
  return {
    name: 'Sallyport',
    portal: base,
    authentication: {
      loginEndpoint: `${base}/adfs`,
      audiences: [`${base}/`],
      tenant: settings.tenantId,
      identityProvider: 'AAD',
    },
    resourceManager: `${base}/`,
    gallery: `${base}/gallery`,
    graph: `${base}/graph`,
    graphAudience: `${base}/graph`,
    microsoftGraphResourceId: `${base}/graph`,
    media: base,
    batch: base,
    sqlManagement: base,
    vmImageAliasDoc: `${base}/aliases`,
    activeDirectoryDataLake: base,
    suffixes: {},
  };
}
