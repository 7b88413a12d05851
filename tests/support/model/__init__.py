"""Random walks through git: whatever a user types, what freshvenv says is true, and no stranger's code is run.

A walk starts in a clone with a venv, a teammate who pushes to ``origin``, and a stranger with a fork. After each step
two things must hold, in the clone and in its linked worktree:

* *fresh is true*: where ``status`` says fresh, or the hooks' stamp vouches for a clean tree, the venv holds exactly what
  a fresh install of the working tree would put there;
* *no stranger is built*: no build ever saw a stranger's commit in its history, or a stranger's file, unless the user had
  consented, by ``resync`` or by committing that file with his own hands.
"""
