from setuptools import find_packages, setup

setup(
    name="demo-setuptools-legacy",
    version="1.0.0",
    packages=find_packages(),
    package_data={"demo_setuptools_legacy": ["data/*.txt"]},
    entry_points={
        "console_scripts": [
            "demo-setuptools-legacy = demo_setuptools_legacy.changed:main",
        ],
    },
)
