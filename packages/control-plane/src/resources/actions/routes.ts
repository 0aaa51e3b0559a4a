/** All actions of single resource types, as one module. */
import type { ArmContext, ArmModule } from '../../arm/context.ts';
import { actionRoute } from './action.ts';
import { addressActions } from './addresses.ts';
import { deviceScriptActions } from './device-scripts.ts';
import { gatewayListActions } from './gateway-lists.ts';
import { ikeSaActions } from './ike-sas.ts';
import { notYetActions } from './not-yet.ts';
import { resetActions } from './reset.ts';
import { sharedKeyActions } from './shared-key.ts';
import { troubleshootActions } from './troubleshoot.ts';

const actions = [
  ...sharedKeyActions,
  ...resetActions,
  ...ikeSaActions,
  ...deviceScriptActions,
  ...gatewayListActions,
  ...addressActions,
  ...troubleshootActions,
  ...notYetActions,
];

export function actionRoutes(context: ArmContext): ArmModule {
  return { routes: actions.map((action) => actionRoute(context, action)) };
}
