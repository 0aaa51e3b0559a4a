/**
 * From the body of a deployment request to something that can be executed, or the error that Azure answers with before
 * anything is deployed. Pure but for the injected time and ids. `validate` and the PUT share it.
 */
import type { JsonObject, JsonValue } from '@sallyport/model';
import { bindTemplate, type BoundTemplate } from './bind.ts';
import type { Execution } from './execute.ts';
import { expandResources, type TemplateResource } from './expand.ts';
import type { DeploymentFacts, Scope } from './expression/scope.ts';
import { isObject, memberOf, printValue } from './functions/function.ts';
import { textHash } from './functions/hashes.ts';
import { orderOf } from './order.ts';
import { checkOutputs } from './outputs.ts';
import { isSecure } from './parameters.ts';
import { checkReadings } from './readings.ts';
import { TemplateError } from './template-error.ts';
import { loopNames, parseTemplate } from './template.ts';
import { parseTolerantJson, type TolerantJson } from './tolerant-json.ts';

export type DeploymentRequest = {
  readonly template: JsonValue;
  readonly parameters: JsonValue | undefined;
  readonly location: string | undefined;
  readonly tags: JsonObject | undefined;
  readonly positionOf: TolerantJson['positionOf'];
};

export type PreparedDeployment = Execution & {
  readonly templateHash: string;
  /** As the API shows them. */
  readonly parameters: JsonObject;
  readonly providers: readonly JsonObject[];
  readonly dependencies: readonly JsonObject[];
};

/** @throws TemplateError */
export function parseDeploymentRequest(body: TolerantJson): DeploymentRequest {
  const root = isObject(body.value) ? body.value : {};
  const properties = memberOf(root, 'properties');
  if (!isObject(properties))
    throw new TemplateError(
      'InvalidRequestContent',
      "The request content was invalid and could not be deserialized: 'Required property 'properties' not found in JSON.'.",
    );
  checkMode(memberOf(properties, 'mode'));
  if (memberOf(properties, 'templateLink') !== undefined || memberOf(properties, 'parametersLink') !== undefined)
    throw new TemplateError(
      'InvalidDeployment',
      'Linked templates and parameter files are not fetched by this service: send their content as template and parameters.',
    );
  const location = memberOf(root, 'location');
  const tags = memberOf(root, 'tags');
  return {
    template: memberOf(properties, 'template') ?? null,
    parameters: memberOf(properties, 'parameters'),
    location: typeof location === 'string' ? location : undefined,
    tags: isObject(tags) ? tags : undefined,
    positionOf: body.positionOf,
  };
}

/** @throws TemplateError */
export function parseDeploymentText(text: string): DeploymentRequest {
  return parseDeploymentRequest(parseTolerantJson(text));
}

function checkMode(mode: JsonValue | undefined): void {
  if (mode === undefined || mode === null)
    throw new TemplateError(
      'InvalidRequestContent',
      "The request content was invalid and could not be deserialized: 'Required property 'mode' not found in JSON. Path 'properties'.'.",
    );
  const known = printValue(mode).toLowerCase();
  if (known === 'incremental') return;
  if (known === 'complete')
    throw new TemplateError(
      'DeploymentModeNotSupported',
      "Deployments in mode 'Complete' are not supported here, because they delete every resource of the group that the template does not name. Use mode 'Incremental', and delete resources by themselves.",
    );
  throw new TemplateError(
    'InvalidRequestContent',
    `The request content was invalid and could not be deserialized: 'Error converting value "${printValue(mode)}" to type 'DeploymentMode'. Path 'properties.mode'.'.`,
  );
}

/** @throws TemplateError */
export function prepareDeployment(
  request: DeploymentRequest,
  facts: DeploymentFacts,
  fresh: NonNullable<Scope['fresh']>,
): PreparedDeployment {
  const template = parseTemplate(request.template, request.positionOf);
  const templateHash = textHash(JSON.stringify(template.source).toUpperCase());
  const bound = bindTemplate(template, request.parameters, withTemplate(facts, template.source, templateHash), fresh);
  const resources = expandResources(template, bound.scope);
  const order = orderOf(resources, loopNames(template.resources));
  const isNested = (resource: TemplateResource): boolean => resource.type.toLowerCase() === 'microsoft.resources/deployments';
  for (const resource of resources) if (resource.isDeployed && !isNested(resource)) checkReadings(resource.body, resource.scope, resources);
  checkOutputs(template, bound.scope, resources);
  return {
    bound,
    resources,
    order,
    templateHash,
    parameters: shownParameters(bound),
    providers: providersOf(resources),
    dependencies: dependenciesOf(resources, order),
  };
}

function withTemplate(facts: DeploymentFacts, template: JsonObject, templateHash: string): DeploymentFacts {
  const properties = facts.deployment['properties'];
  return {
    ...facts,
    deployment: { ...facts.deployment, properties: { ...(isObject(properties) ? properties : {}), template, templateHash } },
  };
}

function shownParameters({ parameters }: BoundTemplate): JsonObject {
  return Object.fromEntries(parameters.map(({ name, type, value }) => [name, isSecure(type) ? { type } : { type, value }]));
}

function providersOf(resources: readonly TemplateResource[]): readonly JsonObject[] {
  const namespaces = Map.groupBy(resources, ({ type }) => type.split('/')[0] ?? '');
  return [...namespaces].map(([namespace, members]) => ({
    namespace,
    resourceTypes: [...Map.groupBy(members, ({ type }) => type.split('/').slice(1).join('/'))].map(([resourceType, all]) => ({
      resourceType,
      locations: locationsOf(all),
    })),
  }));
}

/** Locations that are known before deployment; `null` stands for a type that has none, as in Azure. */
function locationsOf(resources: readonly TemplateResource[]): readonly JsonValue[] {
  const locations = resources.map(({ body, scope }) => {
    const raw = memberOf(body, 'location');
    const known = /^\[parameters\('(?<name>[^']+)'\)\]$/i.exec(typeof raw === 'string' ? raw : '')?.groups?.['name'];
    const value = known === undefined ? raw : scope.parameter(known);
    return typeof value === 'string' && !value.startsWith('[') ? value.replaceAll(' ', '').toLowerCase() : null;
  });
  return [...new Set(locations)];
}

function dependenciesOf(resources: readonly TemplateResource[], order: Execution['order']): readonly JsonObject[] {
  const view = (resource: TemplateResource): JsonObject => ({ id: resource.id, resourceType: resource.type, resourceName: resource.name });
  return resources.flatMap((resource) => {
    const ids = order.get(resource.id) ?? [];
    const dependsOn = resources.filter(({ id }) => ids.includes(id)).map(view);
    return dependsOn.length === 0 ? [] : [{ dependsOn, ...view(resource) }];
  });
}
