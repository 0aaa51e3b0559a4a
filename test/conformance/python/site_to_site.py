"""The site-to-site scenario with Microsoft's Python SDK as Debian packages it: pollers, lists, key, tags, errors, deletion.

Run as: site_to_site.py CLIENT_JSON. The certificate authority comes by REQUESTS_CA_BUNDLE. Prints facts as one JSON object; the
test beside this folder judges them.
"""

import json
import sys

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource import ResourceManagementClient

with open(sys.argv[1], encoding="utf-8") as file:
    client = json.load(file)
endpoint, subscription = client["endpoint"], client["subscriptionId"]
credential = ClientSecretCredential(
    client["tenantId"], client["clientId"], client["clientSecret"], authority=endpoint, instance_discovery=False
)
options = {"base_url": endpoint, "credential_scopes": [endpoint + "/.default"], "polling_interval": 1}
resources = ResourceManagementClient(credential, subscription, **options)
network = NetworkManagementClient(credential, subscription, **options)

GROUP, PLACE = "python", {"location": "westeurope"}
facts = {}
resources.resource_groups.create_or_update(GROUP, PLACE)
group_id = f"/subscriptions/{subscription}/resourceGroups/{GROUP}/providers/Microsoft.Network"


def reference(path):
    return {"id": f"{group_id}/{path}"}


vnet = network.virtual_networks.begin_create_or_update(
    GROUP,
    "hq",
    {
        **PLACE,
        "address_space": {"address_prefixes": ["10.1.0.0/16"]},
        "subnets": [{"name": "GatewaySubnet", "address_prefix": "10.1.255.0/27"}],
    },
).result()
subnet = network.subnets.begin_create_or_update(GROUP, "hq", "apps", {"address_prefix": "10.1.0.0/24"}).result()
facts["vnet"] = [vnet.provisioning_state, subnet.name, subnet.provisioning_state]
address = network.public_ip_addresses.begin_create_or_update(
    GROUP, "ip", {**PLACE, "sku": {"name": "Standard"}, "zones": ["1", "2", "3"], "public_ip_allocation_method": "Static"}
).result()
facts["address"] = address.ip_address
interface = network.network_interfaces.begin_create_or_update(
    GROUP, "nic", {**PLACE, "ip_configurations": [{"name": "one", "subnet": reference("virtualNetworks/hq/subnets/apps")}]}
).result()
facts["interface"] = interface.ip_configurations[0].private_ip_address
gateway = network.virtual_network_gateways.begin_create_or_update(
    GROUP,
    "gw",
    {
        **PLACE,
        "gateway_type": "Vpn",
        "vpn_type": "RouteBased",
        "sku": {"name": "VpnGw2AZ", "tier": "VpnGw2AZ"},
        "ip_configurations": [
            {
                "name": "default",
                "subnet": reference("virtualNetworks/hq/subnets/GatewaySubnet"),
                "public_ip_address": reference("publicIPAddresses/ip"),
            }
        ],
    },
).result()
facts["gateway"] = [gateway.provisioning_state, gateway.sku.name, gateway.bgp_settings.asn]
network.local_network_gateways.begin_create_or_update(
    GROUP,
    "site",
    {**PLACE, "gateway_ip_address": "203.0.113.9", "local_network_address_space": {"address_prefixes": ["192.168.0.0/24"]}},
).result()
connections = network.virtual_network_gateway_connections
connection = connections.begin_create_or_update(
    GROUP,
    "hq-to-site",
    {
        **PLACE,
        "connection_type": "IPsec",
        "virtual_network_gateway1": reference("virtualNetworkGateways/gw"),
        "local_network_gateway2": reference("localNetworkGateways/site"),
        "shared_key": "Python.Key.1",
    },
).result()
facts["connection"] = [connection.provisioning_state, connection.connection_type]
facts["status"] = connections.get(GROUP, "hq-to-site").connection_status
facts["key"] = [connections.get_shared_key(GROUP, "hq-to-site").value]
connections.begin_set_shared_key(GROUP, "hq-to-site", {"value": "Python.Key.2"}).result()
facts["key"].append(connections.get_shared_key(GROUP, "hq-to-site").value)
facts["reset key"] = connections.begin_reset_shared_key(GROUP, "hq-to-site", {"key_length": 64}).result().key_length
facts["key length"] = len(connections.get_shared_key(GROUP, "hq-to-site").value)
facts["sas"] = connections.begin_get_ike_sas(GROUP, "hq-to-site").result()
# A model read and written back, as scripts do it.
connection = connections.get(GROUP, "hq-to-site")
connection.routing_weight = 7
facts["weight"] = connections.begin_create_or_update(GROUP, "hq-to-site", connection).result().routing_weight
facts["tags"] = connections.begin_update_tags(GROUP, "hq-to-site", {"tags": {"by": "python"}}).result().tags
rules = network.virtual_network_gateway_nat_rules
rule = {
    "type_properties_type": "Static",
    "mode": "EgressSnat",
    "internal_mappings": [{"address_space": "10.1.0.0/24"}],
    "external_mappings": [{"address_space": "172.20.0.0/24"}],
}
facts["nat rule"] = rules.begin_create_or_update(GROUP, "gw", "out", rule).result().mode
facts["nat rules"] = [found.name for found in rules.list_by_virtual_network_gateway(GROUP, "gw")]
rules.begin_delete(GROUP, "gw", "out").result()
facts["routes"] = sorted({route.network for route in network.virtual_network_gateways.begin_get_learned_routes(GROUP, "gw").result().value})
facts["reset"] = network.virtual_network_gateways.begin_reset(GROUP, "gw").result().name
facts["connections of gateway"] = [found.name for found in network.virtual_network_gateways.list_connections(GROUP, "gw")]
facts["check address"] = network.virtual_networks.check_ip_address_availability(GROUP, "hq", "10.1.0.4").available
facts["listed"] = sorted(found.type for found in resources.resources.list_by_resource_group(GROUP))

try:
    network.virtual_network_gateways.begin_delete(GROUP, "gw").result()
except HttpResponseError as error:
    facts["delete in use"] = [error.status_code, error.error.code]
try:
    connections.get(GROUP, "none")
except ResourceNotFoundError as error:
    facts["none"] = [error.status_code, error.error.code]

connections.begin_delete(GROUP, "hq-to-site").result()
network.virtual_network_gateways.begin_delete(GROUP, "gw").result()
resources.resource_groups.begin_delete(GROUP).result()
facts["group left"] = resources.resource_groups.check_existence(GROUP)
print(json.dumps(facts))
