"""The page for officers about the workflow, made from its table."""

from services.petitions.domain.words import ACTION_VI, NEED_VI, ROLE_VI, STATUS_VI
from services.petitions.domain.workflow import WORKFLOW, Step

_HEAD = """<!-- Made from the table in services/petitions/domain/workflow.py by
`python -m services.petitions workflow > docs/petition-workflow.md`; do not edit. -->

# Quy trình xử lý kiến nghị

Mỗi dòng của bảng là một việc có thể làm ở một trạng thái: ai được làm, phải nêu gì, sau đó kiến
nghị ở trạng thái nào, và sự kiện nào được công bố. Việc không có trong bảng thì không làm được.
**Đã trả lời chưa phải là đã giải quyết dứt điểm.**

One row is one thing that can be done in a state: who may, what is needed, the state afterwards, the
event. What has no row cannot be done. Answered is not resolved.
"""
_CLOCKS = """
## Thời hạn

- Đồng hồ chung chạy từ ngày tiếp nhận (sau 17:00, ngày nghỉ: từ ngày làm việc tiếp theo) và chỉ
  dừng khi chờ người kiến nghị bổ sung hoặc chờ cấp trên. Chuyển cơ quan không làm nó chạy lại;
  ý kiến trao đổi không làm nó thay đổi.
- Cơ quan chủ trì có đồng hồ riêng, chạy từ khi được giao.
- Hạn rơi vào ngày nghỉ thì hết vào ngày làm việc tiếp theo. Hạn đã qua không được dời.
- Quá hạn được báo một lần cho mỗi vòng, rồi báo từng cấp: thủ trưởng cơ quan chủ trì, Sở Tài
  chính, Văn phòng UBND tỉnh. Số ngày của từng bước nằm trong bảng `time_limit`.
- Mở lại (hoặc không đồng ý với trả lời) trong thời hạn cho phép bắt đầu một vòng mới.
"""


def page() -> str:
    """Return the page: the diagram, the table, how the clocks run."""
    return "\n".join([_HEAD, *_diagram(), "", *_table()]) + "\n" + _CLOCKS


def _diagram() -> list[str]:
    arrows: dict[tuple[str, str], list[str]] = {}
    for step in WORKFLOW:
        if step.target is not None and step.target != step.source:
            place = (step.source or "[*]", step.target)
            arrows.setdefault(place, []).append(ACTION_VI[step.action])
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    {code}: {words}" for code, words in STATUS_VI.items()]
    lines += [f"    {a} --> {b}: {' / '.join(words)}" for (a, b), words in arrows.items()]
    return [*lines, "```"]


def _table() -> list[str]:
    head = "| Trạng thái | Việc | Ai được làm | Phải nêu | Trạng thái sau | Sự kiện |"
    return [head, "| --- | --- | --- | --- | --- | --- |", *(_row(step) for step in WORKFLOW)]


def _row(step: Step) -> str:
    source = STATUS_VI[step.source] if step.source else "(chưa có)"
    target = STATUS_VI[step.target] if step.target else "như đã đính chính"
    if step.target == step.source:
        target = "không đổi"
    who = ", ".join(ROLE_VI[role] for role in step.who)
    needs = ", ".join(NEED_VI[need] for need in step.needs) or "-"
    action = f"{ACTION_VI[step.action]} (`{step.action}`)"
    return f"| {source} | {action} | {who} | {needs} | {target} | {step.event} |"
