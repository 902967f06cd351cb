"""The least Qt application: one label as large as our window. Tells when it is seen; ends with its input."""

import sys
import time

from PySide6.QtCore import QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication, QLabel


def main() -> None:
    app = QApplication(["bare"])
    label = QLabel("bare")
    label.resize(1080, 1920)
    label.show()
    QTimer.singleShot(0, lambda: print(time.monotonic(), flush=True))
    end = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    end.activated.connect(app.quit)
    app.exec()


if __name__ == "__main__":
    main()
