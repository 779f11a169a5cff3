"""A kernel with a run in a folder, as a program: tells each step and waits to be killed."""

import sys

import qrexplore as qx
from qrexplore.data import open_data
from qrexplore.ui import Session
from qrexplore.ui.presenters import MonitorPresenter


def main(data, folder):
    """Learn slowly, and tell the number of each step that the monitor shows."""
    measured = open_data(data)
    session = Session(qx.library.transmon(), free=["q0.frequency", "q0.t_phi"])
    presenter = MonitorPresenter(
        session, {"ramsey": measured}, follow=lambda _: None, ended=lambda: None, folder=folder
    )
    presenter.channel.traits.update(method="adam", rate=1e-5)
    presenter.channel.attach(show, lambda *_: None)
    presenter.start()
    presenter.runner.wait()


def show(content, _):
    """Tell the number of the last step that went out."""
    if content["kind"] == "steps":
        sys.stdout.write(f"{content['iteration']}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
