"""The words by which responses announce, correct, explain or withhold an answer, in the languages models write.

Each table is a set of regular expressions for text in lower case or any case; English and Chinese first, then Japanese,
Korean, Russian, French, German, Spanish, Portuguese, Italian, Vietnamese, Arabic, Hindi and Thai.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

FINAL_NOUNS = {
    "en": r"final\s+(?:answer|result|value)s?",
    "zh": r"最[终終后後](?:的)?(?:答案|解答|回答|结果|結果|结论|結論)",
    "ja": r"最終(?:的な)?答え|最終的な(?:解答|回答|結果|結論)",
    "ko": r"최종\s*(?:적인\s*)?(?:답안|답변|정답|답|결과)",
    "ru": r"(?:окончательный|итоговый)\s+(?:ответ|результат)",
    "fr": r"r[ée]ponse\s+finale|r[ée]sultat\s+final",
    "de": r"(?:endgültige|finale|abschließende)\s+antwort|end(?:ergebnis|antwort)|endgültiges\s+ergebnis",
    "es": r"(?:respuesta|solución)\s+final|resultado\s+final",
    "pt": r"resposta\s+final",
    "it": r"(?:risposta|soluzione)\s+finale|risultato\s+finale",
    "vi": r"(?:đáp\s+án|đáp\s+số|câu\s+trả\s+lời|kết\s+quả)\s+cuối\s+cùng",
    "ar": r"(?:ال[إا]جابة|الجواب|النتيجة)\s+النهائي(?:ة)?",
    "hi": r"अंतिम\s+(?:उत्तर|परिणाम|जवाब)",
    "th": r"คำตอบสุดท้าย|คำตอบที่ได้",
}
"""What a final answer is called, by language."""

ANSWER_NOUNS = {
    "en": r"(?:correct\s+|right\s+)?(?:answers?|ans\.?)|(?:correct|right)\s+(?:option|choice|statement)|(?:the|my)\s+choice|option\s+chosen",
    "zh": r"(?:正确|本题|参考)?答案|正确选项|应选|选择|答",
    "ja": r"答え|正解|回答",
    "ko": r"정답|답안|답변|답",
    "ru": r"(?:правильный\s+)?ответ(?:ом)?",
    "fr": r"(?:bonne\s+)?r[ée]ponse(?:\s+correcte|\s+exacte)?",
    "de": r"(?:richtige\s+)?antwort|ergebnis",
    "es": r"respuesta(?:\s+correcta)?|respuestas",
    "pt": r"resposta(?:\s+correta|\s+certa)?|gabarito",
    "it": r"risposta(?:\s+corretta|\s+esatta)?",
    "vi": r"đáp\s+(?:án|số)(?:\s+đúng)?|câu\s+trả\s+lời",
    "ar": r"ال[إا]جابة(?:\s+الصحيحة)?|الجواب(?:\s+الصحيح)?",
    "hi": r"(?:सही\s+)?(?:उत्तर|जवाब)",
    "th": r"คำตอบ(?:ที่ถูกต้อง)?|ตอบ",
}
"""What an answer is called, by language."""

RESULT_NOUNS = {
    "en": r"results?|conclusion|(?:grand\s+)?total",
    "zh": r"结果|结论|结语|合计",
    "ja": r"結果|結論|合計",
    "ko": r"결과|결론|합계",
    "ru": r"итого?|результат|вывод",
    "fr": r"r[ée]sultat|conclusion",
    "de": r"fazit",
    "es": r"resultado|conclusión",
    "pt": r"conclus[ãa]o",
    "it": r"risultato|conclusione",
    "vi": r"kết\s+(?:quả|luận)",
    "ar": r"النتيجة|الناتج|الخلاصة",
    "hi": r"परिणाम|निष्कर्ष",
    "th": r"ผลลัพธ์|สรุป",
}
"""Headings of a result that is not called an answer, by language."""

LINK = (
    r"(?:\s*(?:is|are|was|were|equals|would\s+be|will\s+be|should\s+be|must\s+be|comes\s+to|为|是|等于|應為|应为|应该是|"
    r"は|が|은|는|равен|равна|равно|est|sont|ist|lautet|sind|es|son|é|são|è|sono|là|هو|هي|है|คือ|เป็น|ข้อ|=|[:：]|[—–→]|->|=>)"
    r"(?![A-Za-zÀ-ỹ]))"
)
"""What joins an answer's name with the answer."""

CORRECTIONS = {
    "en": (
        r"\b(?:wait|edit|correction|corrected|actually|oops|scratch\s+that|on\s+second\s+thought|i\s+made\s+(?:a|an)\s+\w*\s*(?:mistake|error|slip)|"
        r"my\s+mistake|let\s+me\s+(?:re-?check|redo|reconsider|correct)|that(?:'s|\s+is)\s+(?:not\s+right|wrong|incorrect)|revised|rechecking)\b"
    ),
    "zh": r"等等|等一下|更正|订正|修正|不对|算错|应改为|重新(?:计算|检查)|纠正",
    "ja": r"訂正|と思いきや|いや|待って|間違え|間違い|計算し直",
    "ko": r"정정|잠깐|아니[,다요]|수정|실수|다시\s*(?:계산|확인|보니)",
    "ru": r"исправл|постойте|подождите|ошиб(?:ся|лась|ка|очно)|поправка|вернее|стоп",
    "fr": r"\b(?:attendez|correction|erreur|rectification|en\s+fait|pardon|je\s+corrige)\b",
    "de": r"\b(?:korrektur|moment|halt|stopp|verrechnet|berichtigung|vielmehr)\b",
    "es": r"\b(?:corrección|espera|corrijo|perdón|me\s+equivoqué|error|rectifico|mejor\s+dicho)\b",
    "pt": r"\b(?:correção|espera[ií]|corrigindo|errei|enganei|aliás|na\s+verdade)\b",
    "it": r"\b(?:correzione|aspetta|errore|mi\s+correggo|anzi|ho\s+sbagliato)\b",
    "vi": r"đính\s+chính|khoan|nhầm|sửa\s+lại|xin\s+lỗi",
    "ar": r"تصحيح|عذر|خطأ|انتظر|بل",
    "hi": r"सुधार|रुकिए|माफ़|ग़लती|गलत",
    "th": r"แก้ไข|เดี๋ยว|ขอโทษ|ผิดพลาด|คำนวณผิด|ขออภัย",
}
"""Where a response takes back what it said before."""

CHECKS = {
    "en": r"(?:quick\s+|let'?s\s+|let\s+us\s+|we\s+can\s+|to\s+)?(?:double-?\s*)?(?:check|verif)(?:ing|y|ication|ied|s)?\b|sanity\s+check|note\b|remark\b|indeed\b|ps\b",
    "zh": r"验证|检验|验算|注[:：]|检查",
    "ja": r"検算|確認|確かめ|検証",
    "ko": r"검산|확인|검증",
    "ru": r"провер(?:ка|им|яем)",
    "fr": r"v[ée]rif(?:ication|ions)|remarque",
    "de": r"probe\b|kontrolle|überprüfung",
    "es": r"comprobaci[óo]n|comprobamos|verificaci[óo]n|verificamos|verificando",
    "pt": r"verifica[çc][ãa]o|conferindo",
    "it": r"verifica\b|controllo\b|controprova",
    "vi": r"kiểm\s+tra|thử\s+lại",
    "ar": r"التحقق|للتحقق|تحقق",
    "hi": r"जाँच|जांच|सत्यापन",
    "th": r"ตรวจ(?:สอบ)?|พิสูจน์",
}
"""How a check of the answer begins."""

CONCLUSIONS = {
    "en": r"\b(?:so|thus|hence|therefore|consequently|altogether|in\s+total|overall|finally|in\s+conclusion|we\s+(?:get|obtain|find|conclude)|this\s+gives|which\s+gives|giving)\b|∴|⇒|\\Rightarrow|\\implies",
    "zh": r"所以|因此|故|于是|从而|综上|得到|即得|共",
    "ja": r"よって|したがって|従って|ゆえに|だから|つまり|以上より|合計|なので|であるから|ので、|ため、|より、",
    "ko": r"따라서|그래서|즉|결국|모두|총|므로|니까",
    "ru": r"значит|следовательно|итак|таким\s+образом|поэтому|отсюда|всего|итого",
    "fr": r"\b(?:donc|ainsi|finalement|par\s+conséquent|d'où|en\s+conclusion|au\s+total)\b",
    "de": r"\b(?:also|somit|daher|folglich|deshalb|demnach|insgesamt|damit|schließlich)\b",
    "es": r"\b(?:por\s+(?:lo\s+)?tanto|entonces|luego|así|en\s+total|finalmente|por\s+consiguiente|de\s+modo\s+que)\b",
    "pt": r"\b(?:portanto|logo|assim|então|no\s+total|por\s+isso|dessa\s+forma|por\s+conseguinte)\b",
    "it": r"\b(?:quindi|pertanto|dunque|perciò|in\s+totale|allora|infine|ne\s+segue)\b",
    "vi": r"vậy|do\s+đó|suy\s+ra|nên|tổng\s+cộng",
    "ar": r"إذن|إذا?ً|لذلك|وبالتالي|ومنه|وعليه|المجموع|ف[إا]ن",
    "hi": r"अतः|इसलिए|इस\s+प्रकार|अर्थात|कुल",
    "th": r"ดังนั้น|เพราะฉะนั้น|จึง|รวม|สรุป",
}
"""What introduces a conclusion."""

EXPLANATIONS = {
    "en": r"because(?![^.]*,)|(?:since|as)\b(?![^.]*,)|each\b|every\b|for\b|here'?s\s+(?:why|how)|explanation|reason(?:ing)?\b|to\s+see|this\s+is|that\s+is|justification|her\b|his\b|their\b|its\b|in\s+detail|proof",
    "zh": r"因为|理由|原因|这是因为|解析|解释|其中",
    "ja": r"なぜなら|というのも|説明|なお",
    "ko": r"왜냐하면|이유|설명|참고",
    "ru": r"потому|так\s+как|ведь|поскольку|объяснение|пояснение|действительно|обоснование",
    "fr": r"car\b|chaque\b|en\s+effet|puisque|parce|explication|justification",
    "de": r"denn\b|jede[rs]?\b|weil\b|begründung|erklärung|da\b|nämlich",
    "es": r"porque|ya\s+que|cada\b|pues\b|puesto|explicación|justificación|en\s+efecto",
    "pt": r"pois\b|a\s+cada\b|já\s+que|explicação|justificativa|de\s+fato",
    "it": r"perché|ogni\b|[^.]{0,20}infatti|poiché|spiegazione|giustificazione",
    "vi": r"vì\b|mỗi\b|bởi|giải\s+thích|do\b",
    "ar": r"ل[أا]ن|التفسير|الشرح|السبب|وذلك",
    "hi": r"क्योंकि|कारण|स्पष्टीकरण|व्याख्या",
    "th": r"เพราะ|เนื่องจาก|คำอธิบาย|เหตุผล",
}
"""How an explanation behind the answer begins."""

REFUSALS = {
    "en": (
        r"(?:can(?:no|')t|could\s+not|couldn't|unable\s+to|not\s+able\s+to|failed\s+to)\s+(?:\w+\s+){0,2}(?:solve|determine|find|answer|compute|see|give|run|simulate|perform|access|draw|provide|complete|finish|help|read|say)|"
        r"(?:do(?:es)?(?:\s+not|n't)\s+(?:give|have|provide|contain)\s+enough|not\s+(?:given\s+)?enough|insufficient|more|missing|lacks?|without)\s+(?:\w+\s+){0,2}(?:information|data|details|the\s+figure)|"
        r"(?:could|can|would)\s+you\s+(?:please\s+)?(?:provide|clarify|check|confirm|share|tell|send|upload)|please\s+(?:provide|clarify|share|send|upload)|"
        r"(?:i'?m|i\s+am)\s+(?:sorry|not\s+sure|afraid)|i\s+do(?:n't|\s+not)\s+know|not\s+(?:been\s+)?given\b|(?:is|are|was|were)\s+missing|answer\s+depends\s+on|no\s+idea|did\s+not\s+lead|give\s+up|gave\s+up"
    ),
    "zh": r"无法(?:确定|求解|解答|回答|计算|得出|看到|求出)|信息不足|条件不足|缺少|请(?:提供|补充|确认)|不知道|抱歉|没有给出|未给出",
    "ja": r"解けません|わかりません|分かりません|求められません|決まりません|定まりません|情報が(?:足り|不足)|不足|申し訳|教えてください|できません|与えられていません",
    "ko": r"풀\s*수\s*없|구할\s*수\s*없|알\s*수\s*없|정보가\s*(?:부족|없)|죄송|모르겠|주어지지\s*않|알려\s*주|부족",
    "ru": r"не\s+могу|невозможно|недостаточно|не\s+хватает|не\s+удалось|не\s+знаю|уточните|извините|к\s+сожалению|не\s+указан|не\s+дан|пришлите",
    "fr": r"je\s+ne\s+(?:peux|sais|parviens)|impossible\s+de|(?:il\s+)?manque|insuffisant|pouvez-vous|désolé|pas\s+assez|n'est\s+pas\s+(?:donné|précisé|fourni)|fournir",
    "de": r"kann\s+(?:ich\s+)?(?:\w+\s+){0,5}nicht|(?:reichen|reicht)\s+nicht|fehl(?:t|en)\b|unzureichend|leider|weiß\s+(?:ich\s+)?nicht|tut\s+mir\s+leid|könn(?:ten|test)\s+(?:sie|du)|nicht\s+(?:angegeben|bestimmen|lösbar)",
    "es": r"no\s+(?:puedo|se\s+puede|es\s+posible|sé|puede)|falta(?:n)?\b|insuficiente|lo\s+siento|podrías|podría\s+(?:usted|indicar)|no\s+(?:está|se)\s+(?:dado|indica)",
    "pt": r"não\s+(?:consigo|posso|é\s+possível|sei|há|dá)|faltam?\s+(?:dados|informa)|desculpe|poderia|infelizmente|lamento",
    "it": r"non\s+(?:posso|è\s+possibile|si\s+può|so\b|riesco)|manca(?:no)?\b|insufficient|mi\s+dispiace|potresti|purtroppo",
    "vi": r"không\s+(?:thể|đủ|biết)|thiếu|xin\s+lỗi|rất\s+tiếc|vui\s+lòng\s+(?:cung|cho|gửi)|chưa\s+(?:cho|đủ|biết)",
    "ar": r"لا\s+(?:أستطيع|يمكن|تكفي|أعرف)|غير\s+كاف|عذر|ينقص|يرجى|ناقصة|لم\s+(?:يُ?ذكر|تُ?عط)",
    "hi": r"नहीं\s+(?:कर\s+सकता|किया\s+जा\s+सकता|निकाल|बता|दिया|दी\s+गई|पता|है\s+कि)|अपर्याप्त|पर्याप्त\s+जानकारी\s+नहीं|पर्याप्त\s+नहीं|क्षमा|कृपया|माफ़\s+कीजिए|संभव\s+नहीं",
    "th": r"ไม่สามารถ|หา(?:คำตอบ|ค่า)?ไม่ได้|ข้อมูลไม่(?:เพียง)?พอ|ไม่ทราบ|ขออภัย|ขอโทษ|กรุณา|โปรด|ไม่เพียงพอ|ไม่ได้(?:ให้|ระบุ|บอก)",
}
"""Where a response says that it has no answer."""

STATEMENTS = {
    "no solution": (
        r"no\s+(?:real\s+|integer\s+|such\s+|positive\s+|valid\s+|possible\s+)?(?:solutions?|roots?|values?|integers?|numbers?)(?:\s+exists?)?|has\s+no\s+\w+\s+(?:solutions?|roots?)|无(?:实数?)?解|没有(?:实数)?解|解(?:は|が)(?:ない|ありません|存在しない)|해(?:가|는)\s*(?:없|존재하지\s*않)|"
        r"(?:действительных\s+)?(?:решений|корней)\s+нет|нет\s+(?:действительных\s+)?(?:решений|корней)|(?:pas|aucune?)\s+(?:de\s+)?solution|keine\s+(?:reelle[n]?\s+)?lösung(?:en)?|no\s+(?:hay|tiene|existen?)\s+(?:soluci[óo]n(?:es)?)|(?:não\s+(?:há|tem|existe)|sem)\s+solu(?:ção|ções)|nessuna\s+soluzione|vô\s+nghiệm|لا\s+(?:يوجد|توجد)\s+(?:حل|حلول)|कोई\s+(?:वास्तविक\s+)?हल\s+नहीं|ไม่มีคำตอบ"
    ),
    "does not exist": (
        r"(?:does|do)\s+not\s+exist|\bDNE\b|doesn't\s+exist|不存在|存在しない|存在しません|존재하지\s*않|не\s+существует|n'existe\s+pas|existiert\s+nicht|no\s+existe|não\s+existe|non\s+esiste|không\s+tồn\s+tại|غير\s+موجود|अस्तित्व\s+(?:में\s+)?नहीं|ไม่มีอยู่|หาค่าไม่ได้"
    ),
    "infinitely many solutions": r"infinitely\s+many(?:\s+solutions)?|无穷多(?:个)?解|無数の解|무수히\s*많|бесконечно\s+много|une\s+infinité|unendlich\s+viele|infinitas\s+solu|infinite\s+soluzioni|vô\s+số\s+nghiệm",
    "not enough information": r"not\s+enough\s+information|insufficient\s+(?:information|data)|cannot\s+be\s+determined|信息不足|条件不足|情報が(?:足り|不足)|정보가\s*부족|недостаточно\s+(?:данных|информации)",
    "undefined": r"\bundefined\b|未定义|nicht\s+definiert|indefinido|indéfini|не\s+определен",
    "diverges": r"\bdiverges\b|发散|発散|발산|расходится|diverge\b|divergiert",
}
"""Answers that are said in words: the words that stand for them in a verdict → the ways to say them."""

NEGATIONS = {
    "en": r"\b(?:not|cannot(?!\s+be\s+determined)|can't|isn't|aren't|doesn't|don't|wrong|incorrect|false|fails?|rejected?|reject|rule[sd]?\s+out|eliminat\w+|discard\w*|exclud\w+|impossible|extraneous|invalid)\b",
    "zh": r"不是|不对|增根|不正确|排除|不符合|不成立|舍去|错",
    "ja": r"ではな|ではありません|誤り|不適|間違い|除外|成り立たない|合わない",
    "ko": r"아니|틀|제외|맞지\s*않|옳지\s*않|거짓|안\s*됩",
    "ru": r"\bне\b|посторонн|неверно|исключа|отпада|ложн|неправильн",
    "fr": r"n'est\s+pas|\bfaux\b|fausse|exclu|élimin|incorrect",
    "de": r"\bnicht\b|\bkein|falsch|scheidet\s+aus|ausgeschlossen|entfällt|entfallen",
    "es": r"\bno\b|fals[oa]|elimina",
    "pt": r"\bnão\b|\berrad|incorret",
    "it": r"\bnon\b|sbagliat|scart|errat",
    "vi": r"không\s+phải|\bsai\b|loại",
    "ar": r"ليس|خاطئ|خطأ|نستبعد|لا\s+يصلح|غير\s+صحيح",
    "hi": r"नहीं|गलत|ग़लत|असत्य",
    "th": r"ไม่ใช่|ผิด|ไม่ถูก|ตัด",
}
"""What denies the thing named beside it."""


OFFERS = {
    "en": r"let\s+me\s+know|would\s+you\s+like|feel\s+free|hope\s+(?:this|that|it)|if\s+you\s+(?:would\s+like|want|need|have)|happy\s+to|great\s+question|want\s+me\s+to|by\s+the\s+way|would\s+come\b|try\s+the\s+next|(?:pro\s+)?tip\s*:|is\s+there\s+anything|thanks?\b|(?:time\s+taken|tokens?\s+used)\b",
    "zh": r"如果(?:你|您)?(?:还|需要|有|想)|希望(?:这|以上)|欢迎|需要我|请随时",
    "ja": r"質問|ご不明|お気軽|必要であれば|よろしければ",
    "ko": r"궁금|필요하(?:시|면)|도움이|원하(?:시|면)|질문",
    "ru": r"если\s+(?:нужно|хотите|что)|надеюсь|обращайтесь|могу\s+(?:расписать|показать|объяснить)",
    "fr": r"n'hésitez|si\s+vous\s+(?:voulez|souhaitez|avez)|j'espère|voulez-vous|astuce",
    "de": r"wenn\s+du\s+(?:willst|möchtest)|falls\s+(?:du|sie)|gern(?:e)?\s+(?:zeige|erkläre)|hoffe|möchte(?:st|n)\s+(?:du|sie)|sag\s+bescheid|soll\s+ich",
    "es": r"si\s+(?:quieres|deseas|necesitas|lo\s+deseas)|espero\s+que|no\s+dudes|puedo\s+(?:mostrar|explicar)|¿quieres|¿te\s+gustaría",
    "pt": r"se\s+(?:quiser|precisar|desejar)|espero\s+ter|posso\s+(?:mostrar|explicar|detalhar)|quer\s+que|dica\s*:",
    "it": r"se\s+(?:vuoi|desideri|hai|serve)|spero\s+che|fammi\s+sapere|posso\s+spiegar|vuoi\s+che",
    "vi": r"nếu\s+(?:bạn|cần|muốn)|hy\s+vọng|mình\s+có\s+thể|bạn\s+có\s+muốn",
    "ar": r"إذا\s+(?:أردت|كنت|احتجت|رغبت)|أتمنى|يمكنني\s+(?:شرح|توضيح)|هل\s+تريد",
    "hi": r"यदि\s+(?:चाहें|आप|आपको)|अगर\s+(?:आप|चाहें)|आशा\s+है",
    "th": r"ถ้า(?:ต้องการ|อยาก)|หาก(?:ต้องการ|มี)|หวังว่า",
}
"""How a response offers more, or chats on."""

CUTS = {
    "en": r"\b(?:and|or|the|a|an|of|is|are|to|so|then|with|by|for|that|we|which|get|have|next)",
    "zh": r"得|得到|则|于是|所以|因此|即",
    "ja": r"すると|よって|したがって|ゆえに|から|より|ので",
    "ko": r"하면|따라서|그러면|이므로|즉",
    "ru": r"откуда|получаем|получим|значит|тогда|следовательно|и|в|на|то",
    "fr": r"\b(?:donc|d'où|soit|alors|on\s+obtient|et|le|la|de)",
    "de": r"\b(?:Umstellen|folgt|erhalten\s+wir|also|somit|daraus|und|der|die|das|ist|hat)",
    "es": r"\b(?:luego|entonces|por\s+lo\s+tanto|obtenemos|es\s+decir|y|el|los|las|tiene|es|son)",
    "pt": r"\b(?:ou\s+seja|então|logo|portanto|obtemos|assim|e|o|do|da)",
    "it": r"\b(?:per\s+cui|da\s+cui|quindi|ossia|dunque|cioè|il|di)",
    "vi": r"suy\s+ra|do\s+đó|ta\s+có|ta\s+được|vậy|nên",
    "ar": r"ومنه|إذن|أي|وبالتالي|نجد|فإن",
    "hi": r"अतः|इसलिए|तो|अर्थात|से",
    "th": r"จะได้|ดังนั้น|จึง|คือ",
}
"""Words that cannot end a response: one that ends on them was cut."""

BUT = re.compile(
    r"[,，、]?\s*(?:\bbut(?:\s+rather)?\b|\bsondern\b|\bsino\b|\bbensì\b|\bma\b|[:;,.]\s+it\s+(?:becomes|is\s+now|is)\b|\bmas(?:\s+sim)?\b|\bmais\b|,\s*а\b|\bmà(?:\s+là)?\b|बल्कि|بل|而是|(?:이|가)?\s?아니라|ではなく|じゃなく|แต่เป็น|แต่)\s*",
    re.IGNORECASE,
)
"""What stands between the denied value and the right one ("not 5 but 6")."""

CONDITION = re.compile(
    r"\s*(?:[,，、;；]\s*)?(?:(?<![^\W\d_])[^\W\d_]++\s+){0,4}?(?:at|for|when|where|if|with|в\s+точке|достигается|für|bei|an\s+der\s+Stelle|wenn|pour|en|lorsque|quand|para|cuando|quando|em|per|nel\s+punto|in|se|khi|tại|при|عند|عندما|เมื่อ|ที่|当|此时|在)\s*"
    r"(?:the\s+point\s+)?[A-Za-z]\s*(?:[=＝≠<>≤≥]|!=)[^.。]*$"
    r"|[,，、]?\s*[A-Za-z]\s*[=＝]\s*\S{1,8}?\s?(?:일\s*때|のとき|पर\s|时).*$",
    re.IGNORECASE,
)
"""Where a value is taken ("…, attained at x = 3"), up to the end of the statement."""


DENIED = re.compile(
    r"\s*(?:certainly\s+|definitely\s+)?(?:not|n't|non|pas|nicht|не|no|não|không\s+phải|不是|ليس|ไม่ใช่)\s", re.IGNORECASE
)
"""A statement that begins by denying what it names."""


SUPPOSED = re.compile(
    r"(?:\b(?:(?<!second )thought|assumed|guessed|believed|supposed|sa(?:ys|id)|claim(?:s|ed))(?:\s+that)?|以为|思い|думал[аи]?,?(?:\s+что)?|pensais\s+que|dachte|pensaba\s+que"
    r"|pensei\s+que|pensavo\s+che)[\s,，:：]*(?:the\s+|la\s+|die\s+)?$",
    re.IGNORECASE,
)
"""What stands before an announcement that is not the response's own any more."""


def any_of(patterns: Iterable[str]) -> str:
    """One regular expression for each of several."""
    return "(?:" + "|".join(patterns) + ")"


NEGATION = re.compile(any_of(NEGATIONS.values()), re.IGNORECASE)
