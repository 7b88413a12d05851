from setuptools import Extension, setup

# -g0: debug information holds the path of the build, and with it two builds of one commit would differ.
setup(ext_modules=[Extension("demo_c_extension._speed", ["demo_c_extension/_speed.c"], extra_compile_args=["-g0"])])
