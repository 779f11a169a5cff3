"""Carry out a run that learns, in a process of its own: ``python learn_run.py FOLDER`` tells each step that is written."""

import sys
import time

from qrexplore.learn import digest, resume_run


def main():
    def tell(step):
        sys.stdout.write(f"{step.iteration}\n")
        sys.stdout.flush()
        time.sleep(0.01)

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdout.write(f"digest {digest(resume_run(sys.argv[1], on_step=tell, every=0.05))}\n")


if __name__ == "__main__":
    main()
