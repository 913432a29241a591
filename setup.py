"""Compute the package list, so that no sub-package can be forgotten (the mapping is in setup.cfg)."""

from setuptools import find_packages, setup
from setuptools.config.setupcfg import read_configuration

mapped = read_configuration("setup.cfg")["options"]["package_dir"]
packages = []
for name, folder in mapped.items():
    packages.append(name)
    packages += [f"{name}.{sub}" for sub in find_packages(folder)]
setup(packages=packages)
