/** From a request to its answer: route, sign-in, api-version, handler; every failure becomes an ARM error answer. */
import type { ArmError } from '@sallyport/model';
import { armErrors } from '@sallyport/model';
import type { Logger } from '@sallyport/runtime';
import { StoreError } from '../store/store.ts';
import { resourcesApiVersions, checkApiVersion } from './api-version.ts';
import type { ArmRequest, ArmResponse } from './message.ts';
import { ArmFailure, failureResponse, queryValue } from './message.ts';
import type { ArmRoute } from './router.ts';
import { createRouter } from './router.ts';

/** Adds the principal of the request's token. @throws ArmFailure 401 */
export type Authenticate = (request: ArmRequest) => Promise<ArmRequest>;

export function createDispatch(options: {
  readonly routes: readonly ArmRoute[];
  readonly authenticate: Authenticate;
  readonly log: Logger;
}): (request: ArmRequest) => Promise<ArmResponse> {
  const router = createRouter(options.routes);

  async function answer(request: ArmRequest): Promise<ArmResponse> {
    const match = router.match(request.method, request.segments);
    const isAnonymous = match.type === 'found' && match.route.isAnonymous === true;
    const known = isAnonymous || request.principal !== undefined ? request : await options.authenticate(request);
    if (match.type === 'methodNotAllowed')
      throw new ArmFailure(armErrors.methodNotAllowed(request.method), { allow: match.allowed.join(', ') });
    if (match.type === 'notFound') throw new ArmFailure(noRoute(request));
    if (match.route.needsApiVersion !== false) {
      const wrong = checkApiVersion(queryValue(request, 'api-version'), resourcesApiVersions);
      if (wrong !== undefined) throw new ArmFailure(wrong);
    }
    return match.route.handle(known, match.path);
  }

  return async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      if (error instanceof ArmFailure) return failureResponse(error);
      options.log.error({ err: error, correlationId: request.correlationId, path: request.segments.join('/') }, 'request failed');
      return failureResponse(new ArmFailure(errorOfStore(error) ?? armErrors.internal(request.correlationId)));
    }
  };
}

/** The store took the change back; its own sentence names files, and is the operator's. */
function errorOfStore(error: unknown): ArmError | undefined {
  if (!(error instanceof StoreError)) return undefined;
  if (error.code === 'full') return armErrors.insufficientStorage();
  return error.code === 'unavailable' ? armErrors.storageUnavailable() : undefined;
}

function noRoute(request: ArmRequest): ArmError {
  const path = `/${request.segments.join('/')}`;
  return {
    status: 404,
    code: 'NotFound',
    message: `No HTTP resource was found that matches the request path '${path}'.`,
    isFromFrontDoor: true,
  };
}
