"""Makes every `az network` command of Debian 12 load; az itself stays untouched.

Debian 12 pairs azure-cli 2.45, which expects an azure-mgmt-network with a 2022-01-01 API module, with azure-mgmt-network
23.0.0b1, which has models for other versions only and one flat module of operations. Three import hooks cure it. Put this
folder on PYTHONPATH. Microsoft's own package of az does not need it.
"""

import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys

NETWORK = "azure.mgmt.network"
OPERATIONS = NETWORK + ".v2022_07_01.operations"


def newest_profile(module):
    """The version that Debian's library does have."""
    module.AZURE_API_PROFILES["latest"][module.ResourceType.MGMT_NETWORK] = "2022-07-01"


def keep_signatures(module):
    """az reads parameters from the signature, which the library's version check hides."""
    check = module.api_version_validation.__call__
    module.api_version_validation.__call__ = lambda self, method: functools.wraps(method)(check(self, method))


AFTER_LOADING = {"azure.cli.core.profiles._shared": newest_profile, NETWORK + "._validation": keep_signatures}


class Hook(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name == OPERATIONS:
            return importlib.util.spec_from_loader(name, self)
        if name not in AFTER_LOADING:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None:
            return None
        load = spec.loader.exec_module

        def load_and_patch(module):
            load(module)
            AFTER_LOADING[name](module)

        spec.loader.exec_module = load_and_patch
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        source = importlib.import_module(NETWORK + ".operations")
        module.__dict__.update({name: value for name, value in vars(source).items() if not name.startswith("__")})


sys.meta_path.insert(0, Hook())
