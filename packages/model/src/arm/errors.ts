/**
 * The error catalogue of the ARM layer: what a request is refused with before any rule of a resource type is asked.
 * One function per code, arguments in, `{ status, code, message }` out. Refusals by a type's rules are `Issue`s and become
 * errors in `errorOfIssues`. Not here: when to raise them (control-plane/src/arm).
 * Source: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
 */
import type { Issue } from '../issue.ts';
import type { JsonObject } from '../json.ts';
import { parseResourceId } from './resource-id.ts';

export type ErrorDetail = { readonly code: string; readonly message: string; readonly target?: string };

export type ArmError = {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  /** Present, perhaps empty, on errors of the network provider; absent on ARM's own. */
  readonly details?: readonly ErrorDetail[];
  /** Answer carries `x-ms-failure-cause: gateway`: Azure's front door refused, not the provider. */
  readonly isFromFrontDoor: boolean;
  /** Seconds for a `Retry-After` header. */
  readonly retryAfter?: number;
};

/** The JSON of an error answer. */
export function errorBody(error: ArmError): JsonObject {
  const { code, message, target, details } = error;
  return {
    error: {
      code,
      message,
      ...(target === undefined ? {} : { target }),
      ...(details === undefined ? {} : { details: details.map((detail) => ({ ...detail })) }),
    },
  };
}

/**
 * The answer to a PUT or DELETE that rules refused. Azure names one error; findings after the first are its details, so
 * a caller sees all of them in one round trip. Undefined when there is no `error` among them.
 */
export function errorOfIssues(issues: readonly Issue[]): ArmError | undefined {
  const [first, ...rest] = issues.filter((issue) => issue.severity === 'error');
  if (first === undefined) return undefined;
  const others = rest.flatMap((issue): readonly ErrorDetail[] =>
    issue.code === first.code && issue.details !== undefined ? issue.details : [detailOf(issue)],
  );
  return {
    status: first.status ?? 400,
    code: first.code,
    message: first.message,
    ...(first.target === undefined ? {} : { target: first.target }),
    details: [...(first.details ?? []), ...others],
    isFromFrontDoor: false,
    ...(first.status === 429 ? { retryAfter: 1 } : {}),
  };
}

function detailOf(issue: Issue): ErrorDetail {
  return { code: issue.code, message: issue.message, ...(issue.target === undefined ? {} : { target: issue.target }) };
}

const frontDoor = (status: number, code: string, message: string): ArmError => ({ status, code, message, isFromFrontDoor: true });
const provider = (status: number, code: string, message: string, details: readonly ErrorDetail[] = []): ArmError => ({
  status,
  code,
  message,
  details,
  isFromFrontDoor: false,
});

export const armErrors = {
  // The request as such.
  missingApiVersion: () =>
    frontDoor(400, 'MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required for all requests.'),
  invalidApiVersion: (apiVersion: string, supported: readonly string[]) =>
    frontDoor(
      400,
      'InvalidApiVersionParameter',
      `The api-version '${apiVersion}' is invalid. The supported versions are '${supported.join(',')}'.`,
    ),
  noRegisteredProvider: (location: string, apiVersion: string, type: string, versions: readonly string[], locations: readonly string[]) =>
    frontDoor(
      400,
      'NoRegisteredProviderFound',
      `No registered resource provider found for location '${location}' and API version '${apiVersion}' for type '${type}'. The supported api-versions are '${versions.join(', ')}'. The supported locations are '${locations.join(', ')}'.`,
    ),
  invalidRequestContent: (reason: string) =>
    frontDoor(400, 'InvalidRequestContent', `The request content was invalid and could not be deserialized: '${reason}'.`),
  invalidRequestFormat: (reasons: readonly string[]) =>
    provider(
      400,
      'InvalidRequestFormat',
      'Cannot parse the request.',
      reasons.map((message) => ({ code: 'InvalidJson', message })),
    ),
  invalidParameter: (name: string, value: string) =>
    frontDoor(400, 'InvalidParameter', `The value '${value}' of the parameter '${name}' is invalid.`),
  locationRequired: () => frontDoor(400, 'LocationRequired', 'The location property is required for this definition.'),
  locationNotAvailable: (location: string, type: string, locations: readonly string[]) =>
    frontDoor(
      400,
      'LocationNotAvailableForResourceType',
      `The provided location '${location}' is not available for resource type '${type}'. List of available regions for the resource type is '${locations.join(',')}'.`,
    ),
  requestTooLarge: (limitBytes: number) =>
    frontDoor(
      413,
      'RequestContentTooLarge',
      `The request content size exceeds the maximum size of ${(limitBytes / (1024 * 1024)).toString()} MB.`,
    ),
  unsupportedContentEncoding: (encoding: string) =>
    frontDoor(415, 'UnsupportedMediaType', `The content encoding '${encoding}' is not supported. Send the content as it is.`),
  unsupportedMediaType: (contentType: string) =>
    frontDoor(
      415,
      'UnsupportedMediaType',
      `The content media type '${contentType}' is not supported. Only 'application/json' is supported.`,
    ),
  methodNotAllowed: (method: string) =>
    frontDoor(405, 'MethodNotAllowed', `The http method '${method}' is not supported for this resource.`),
  internal: (correlationId: string) =>
    frontDoor(
      500,
      'InternalServerError',
      `The server failed to answer this request. The log has the reason under correlation id '${correlationId}'.`,
    ),
  /** RFC 4918 §11.5. The operator reads where in the log and in `sallyport status`; a client may be somebody else. */
  insufficientStorage: () =>
    frontDoor(
      507,
      'InsufficientStorage',
      'Nothing was changed: the disk of the control plane is full. Free some space and send the request again.',
    ),
  storageUnavailable: () =>
    frontDoor(
      503,
      'ServiceUnavailable',
      'Nothing was changed: the control plane cannot write its data. `sallyport status` on its host says why.',
    ),

  // Who asks.
  authenticationFailed: () => frontDoor(401, 'AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing."),
  invalidAuthenticationToken: (reason = 'The access token is invalid.') => frontDoor(401, 'InvalidAuthenticationToken', reason),
  expiredAuthenticationToken: (expiredAt: string, now: string) =>
    frontDoor(
      401,
      'ExpiredAuthenticationToken',
      `The access token expiry UTC time '${expiredAt}' is earlier than current UTC time '${now}'.`,
    ),
  invalidTokenTenant: (tenant: string, expected: string) =>
    frontDoor(
      401,
      'InvalidAuthenticationTokenTenant',
      `The access token is from the wrong issuer. It must match the tenant '${expected}' associated with this subscription, not '${tenant}'.`,
    ),
  authorizationFailed: (client: string, objectId: string, action: string, scope: string) =>
    frontDoor(
      403,
      'AuthorizationFailed',
      `The client '${client}' with object id '${objectId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    ),

  // What it asks for.
  subscriptionNotFound: (subscription: string) =>
    frontDoor(404, 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`),
  invalidSubscriptionId: (subscription: string) =>
    frontDoor(400, 'InvalidSubscriptionId', `The provided subscription identifier '${subscription}' is malformed or invalid.`),
  missingSubscriptionRegistration: (namespace: string) =>
    frontDoor(
      409,
      'MissingSubscriptionRegistration',
      `The subscription is not registered to use namespace '${namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions.`,
    ),
  resourceGroupNotFound: (name: string) => frontDoor(404, 'ResourceGroupNotFound', `Resource group '${name}' could not be found.`),
  resourceGroupBeingDeleted: (name: string) =>
    frontDoor(
      409,
      'ResourceGroupBeingDeleted',
      `The resource group '${name}' is in deprovisioning state and cannot perform this operation.`,
    ),
  invalidResourceGroupLocation: (name: string, existing: string, asked: string) =>
    frontDoor(
      409,
      'InvalidResourceGroupLocation',
      `Invalid resource group location '${asked}'. The Resource group already exists in location '${existing}'. Resource group: '${name}'.`,
    ),
  /** Takes the id of a top-level resource: `The Resource 'Microsoft.Network/virtualNetworks/x' under resource group …`. */
  resourceNotFound: (id: string) => {
    const parts = parseResourceId(id);
    const path =
      parts === undefined ? id : [parts.namespace, ...parts.types.flatMap((type, index) => [type, parts.names[index] ?? ''])].join('/');
    return frontDoor(
      404,
      'ResourceNotFound',
      `The Resource '${path}' under resource group '${parts?.resourceGroup ?? ''}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    );
  },
  /** A child of an existing parent: the provider itself answers. */
  childNotFound: (id: string) => provider(404, 'NotFound', `Resource ${id} not found.`),
  parentResourceNotFound: (id: string) =>
    frontDoor(404, 'ParentResourceNotFound', `Can not perform requested operation on nested resource. Parent resource '${id}' not found.`),
  invalidResourceType: (namespace: string, apiVersion: string) =>
    frontDoor(
      404,
      'InvalidResourceType',
      `The resource type could not be found in the namespace '${namespace}' for api version '${apiVersion}'.`,
    ),
  invalidResourceNamespace: (namespace: string) =>
    frontDoor(404, 'InvalidResourceNamespace', `The resource namespace '${namespace}' is invalid.`),
  operationNotFound: (operationId: string) => provider(404, 'OperationNotFound', `Operation ${operationId} not found.`),
  deploymentNotFound: (name: string) => frontDoor(404, 'DeploymentNotFound', `Deployment '${name}' could not be found.`),
  deploymentActive: (name: string) =>
    frontDoor(409, 'DeploymentActive', `Unable to edit or replace deployment '${name}': previous deployment is still active.`),
  deploymentFailed: (details: readonly ErrorDetail[]) =>
    provider(
      409,
      'DeploymentFailed',
      'At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-debug for usage details.',
      details,
    ),

  // State it conflicts with.
  invalidResourceLocation: (name: string, resourceGroup: string, existing: string, asked: string) =>
    frontDoor(
      409,
      'InvalidResourceLocation',
      `The resource '${name}' already exists in location '${existing}' in resource group '${resourceGroup}'. A resource with the same name cannot be created in location '${asked}'. Please select a new resource name.`,
    ),
  preconditionFailed: (requestEtag: string, currentEtag: string) =>
    provider(412, 'PreconditionFailed', 'Precondition failed.', [
      {
        code: 'PreconditionFailedEtagMismatch',
        message: `Etag provided in if-match header ${requestEtag} does not match etag ${currentEtag} of resource.`,
      },
    ]),
  resourceAlreadyExists: (id: string) =>
    provider(412, 'PreconditionFailed', `The resource ${id} already exists and the request demanded with If-None-Match that it does not.`),
  anotherOperationInProgress: (operationUrl: string) => ({
    ...provider(
      429,
      'AnotherOperationInProgress',
      `Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: ${operationUrl}.`,
    ),
    retryAfter: 1,
  }),
  referencedResourceNotProvisioned: (referenced: string, by: string, state: string, operation: string) => ({
    ...provider(429, 'RetryableError', 'A retryable error occured.', [
      {
        code: 'ReferencedResourceNotProvisioned',
        message: `Cannot proceed with operation since resource ${referenced} used by resource ${by} is not in Succeeded state. Resource is in ${state} state and the last operation that updated/is updating the resource is ${operation}.`,
      },
    ]),
    retryAfter: 1,
  }),
  /** Result of an operation that a newer PUT or DELETE took over. */
  supersededOperation: (operation: string) =>
    provider(409, 'CanceledAndSupersededDueToAnotherOperation', `Operation was canceled and superseded by operation ${operation}.`),
  reservedResourceName: (name: string) =>
    frontDoor(400, 'ReservedResourceName', `The resource name '${name}' or a part of the name is a trademarked or reserved word.`),
} as const satisfies Record<string, (...args: never) => ArmError>;
