/** Which api-versions are accepted: any well-formed date since a provider's first, one superset model behind all of them. */
import type { ArmError } from '@sallyport/model';
import { armErrors } from '@sallyport/model';

const wellFormed = /^(\d{4})-(\d{2})-(\d{2})(-[a-z]+)?$/i;

/** Stable versions of Microsoft.Network that clients were seen to use, newest first; what `providers` lists. */
export const networkApiVersions = [
  '2025-05-01',
  '2025-03-01',
  '2025-01-01',
  '2024-10-01',
  '2024-07-01',
  '2024-05-01',
  '2024-03-01',
  '2024-01-01',
  '2023-11-01',
  '2023-09-01',
  '2023-06-01',
  '2023-05-01',
  '2023-04-01',
  '2023-02-01',
  '2022-11-01',
  '2022-09-01',
  '2022-07-01',
  '2022-05-01',
  '2022-01-01',
  '2021-08-01',
  '2021-05-01',
  '2021-03-01',
  '2021-02-01',
  '2020-11-01',
  '2020-08-01',
  '2020-07-01',
  '2020-06-01',
  '2020-05-01',
  '2020-04-01',
  '2020-03-01',
  '2019-12-01',
  '2019-11-01',
  '2019-09-01',
  '2019-08-01',
  '2019-07-01',
  '2019-06-01',
  '2019-04-01',
  '2019-02-01',
  '2018-12-01',
  '2018-11-01',
  '2018-10-01',
  '2018-08-01',
  '2018-07-01',
  '2018-06-01',
  '2018-04-01',
  '2018-02-01',
  '2018-01-01',
  '2017-11-01',
  '2017-10-01',
  '2017-09-01',
  '2017-08-01',
  '2017-06-01',
  '2017-03-01',
  '2016-12-01',
  '2016-09-01',
  '2016-06-01',
  '2016-03-30',
  '2015-06-15',
] as const;

/** Microsoft.Resources and friends; listed in `providers`. */
export const resourcesApiVersions = [
  '2026-06-01',
  '2025-04-01',
  '2024-03-01',
  '2023-07-01',
  '2022-12-01',
  '2022-09-01',
  '2022-01-01',
  '2021-04-01',
  '2021-01-01',
  '2020-10-01',
  '2020-06-01',
  '2020-01-01',
  '2019-11-01',
  '2019-10-01',
  '2019-05-01',
  '2018-05-01',
  '2017-05-10',
  '2016-09-01',
  '2016-06-01',
  '2015-11-01',
  '2015-01-01',
] as const;

/** What is wrong with the query's api-version, before the provider is known. */
export function checkApiVersion(apiVersion: string | undefined, supported: readonly string[]): ArmError | undefined {
  if (apiVersion === undefined || apiVersion === '') return armErrors.missingApiVersion();
  const date = wellFormed.exec(apiVersion);
  const isDate = date !== null && Number(date[2]) >= 1 && Number(date[2]) <= 12 && Number(date[3]) >= 1 && Number(date[3]) <= 31;
  return isDate ? undefined : armErrors.invalidApiVersion(apiVersion, supported);
}

/** True when a resource type of Microsoft.Network answers to this (well-formed) version. */
export function isNetworkApiVersion(apiVersion: string, isStrict: boolean): boolean {
  const known: readonly string[] = networkApiVersions;
  const day = apiVersion.slice(0, 10);
  return isStrict ? known.includes(apiVersion) : day >= (known.at(-1) ?? '');
}
