-- Administrative units with the days on which they were in force, and what became of them.

CREATE TABLE commune_unit (
    code text NOT NULL CONSTRAINT commune_unit_code_has_5_digits CHECK (code ~ '^[0-9]{5}$'),
    name text NOT NULL,
    type text NOT NULL,
    valid_from date NOT NULL,
    -- The first day on which it is no longer in force; null while it is.
    valid_to date,
    -- A code can be given again to a later unit.
    PRIMARY KEY (code, valid_from),
    CONSTRAINT commune_unit_is_in_force_for_a_day CHECK (valid_from < valid_to)
);

-- From a day on an ended unit lies, whole or partly, in another.
CREATE TABLE commune_succession (
    old text NOT NULL,
    new text NOT NULL,
    "from" date NOT NULL,
    -- Of the successors of a unit that was split, the one that stands for it.
    main boolean NOT NULL,
    PRIMARY KEY (old, "from", new)
);
CREATE UNIQUE INDEX commune_succession_has_one_main ON commune_succession (old, "from") WHERE main;

-- The units in force since 2025-07-01 (shared/contracts/data/communes.json).
INSERT INTO commune_unit (code, name, type, valid_from) VALUES
    ('05977', 'Phường Đông Kinh', 'phường', '2025-07-01'),
    ('05983', 'Phường Lương Văn Tri', 'phường', '2025-07-01'),
    ('05986', 'Phường Tam Thanh', 'phường', '2025-07-01'),
    ('06001', 'Xã Đoàn Kết', 'xã', '2025-07-01'),
    ('06016', 'Xã Quốc Khánh', 'xã', '2025-07-01'),
    ('06019', 'Xã Tân Tiến', 'xã', '2025-07-01'),
    ('06037', 'Xã Kháng Chiến', 'xã', '2025-07-01'),
    ('06040', 'Xã Thất Khê', 'xã', '2025-07-01'),
    ('06046', 'Xã Tràng Định', 'xã', '2025-07-01'),
    ('06058', 'Xã Quốc Việt', 'xã', '2025-07-01'),
    ('06073', 'Xã Hoa Thám', 'xã', '2025-07-01'),
    ('06076', 'Xã Quý Hòa', 'xã', '2025-07-01'),
    ('06079', 'Xã Hồng Phong', 'xã', '2025-07-01'),
    ('06085', 'Xã Thiện Hòa', 'xã', '2025-07-01'),
    ('06091', 'Xã Thiện Thuật', 'xã', '2025-07-01'),
    ('06103', 'Xã Thiện Long', 'xã', '2025-07-01'),
    ('06112', 'Xã Bình Gia', 'xã', '2025-07-01'),
    ('06115', 'Xã Tân Văn', 'xã', '2025-07-01'),
    ('06148', 'Xã Thụy Hùng', 'xã', '2025-07-01'),
    ('06151', 'Xã Hội Hoan', 'xã', '2025-07-01'),
    ('06154', 'Xã Văn Lãng', 'xã', '2025-07-01'),
    ('06172', 'Xã Hoàng Văn Thụ', 'xã', '2025-07-01'),
    ('06184', 'Xã Đồng Đăng', 'xã', '2025-07-01'),
    ('06187', 'Phường Kỳ Lừa', 'phường', '2025-07-01'),
    ('06193', 'Xã Cao Lộc', 'xã', '2025-07-01'),
    ('06202', 'Xã Ba Sơn', 'xã', '2025-07-01'),
    ('06214', 'Xã Na Sầm', 'xã', '2025-07-01'),
    ('06220', 'Xã Công Sơn', 'xã', '2025-07-01'),
    ('06253', 'Xã Văn Quan', 'xã', '2025-07-01'),
    ('06280', 'Xã Điềm He', 'xã', '2025-07-01'),
    ('06286', 'Xã Khánh Khê', 'xã', '2025-07-01'),
    ('06298', 'Xã Yên Phúc', 'xã', '2025-07-01'),
    ('06313', 'Xã Tri Lễ', 'xã', '2025-07-01'),
    ('06316', 'Xã Tân Đoàn', 'xã', '2025-07-01'),
    ('06325', 'Xã Bắc Sơn', 'xã', '2025-07-01'),
    ('06337', 'Xã Tân Tri', 'xã', '2025-07-01'),
    ('06349', 'Xã Hưng Vũ', 'xã', '2025-07-01'),
    ('06364', 'Xã Vũ Lễ', 'xã', '2025-07-01'),
    ('06367', 'Xã Vũ Lăng', 'xã', '2025-07-01'),
    ('06376', 'Xã Nhất Hòa', 'xã', '2025-07-01'),
    ('06385', 'Xã Hữu Lũng', 'xã', '2025-07-01'),
    ('06391', 'Xã Yên Bình', 'xã', '2025-07-01'),
    ('06400', 'Xã Hữu Liên', 'xã', '2025-07-01'),
    ('06415', 'Xã Vân Nham', 'xã', '2025-07-01'),
    ('06421', 'Xã Thiện Tân', 'xã', '2025-07-01'),
    ('06427', 'Xã Cai Kinh', 'xã', '2025-07-01'),
    ('06445', 'Xã Tân Thành', 'xã', '2025-07-01'),
    ('06457', 'Xã Tuấn Sơn', 'xã', '2025-07-01'),
    ('06463', 'Xã Chi Lăng', 'xã', '2025-07-01'),
    ('06475', 'Xã Bằng Mạc', 'xã', '2025-07-01'),
    ('06481', 'Xã Chiến Thắng', 'xã', '2025-07-01'),
    ('06496', 'Xã Nhân Lý', 'xã', '2025-07-01'),
    ('06505', 'Xã Vạn Linh', 'xã', '2025-07-01'),
    ('06517', 'Xã Quan Sơn', 'xã', '2025-07-01'),
    ('06526', 'Xã Na Dương', 'xã', '2025-07-01'),
    ('06529', 'Xã Lộc Bình', 'xã', '2025-07-01'),
    ('06541', 'Xã Mẫu Sơn', 'xã', '2025-07-01'),
    ('06565', 'Xã Khuất Xá', 'xã', '2025-07-01'),
    ('06577', 'Xã Thống Nhất', 'xã', '2025-07-01'),
    ('06601', 'Xã Lợi Bác', 'xã', '2025-07-01'),
    ('06607', 'Xã Xuân Dương', 'xã', '2025-07-01'),
    ('06613', 'Xã Đình Lập', 'xã', '2025-07-01'),
    ('06616', 'Xã Thái Bình', 'xã', '2025-07-01'),
    ('06625', 'Xã Kiên Mộc', 'xã', '2025-07-01'),
    ('06637', 'Xã Châu Sơn', 'xã', '2025-07-01');
